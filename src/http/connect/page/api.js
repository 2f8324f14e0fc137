// Requests to the server that this page came from, and to no other: the session's token goes nowhere else.
const BASE = new URL("../../", import.meta.url);

/** What a request was refused with. `fields` are messages by the name of the field. */
export class Refused extends Error {
  constructor(code, message, fields = {}) {
    super(message);
    this.code = code;
    this.fields = fields;
  }
}

const refusalOf = async (response) => {
  const { error = {} } = await response.json().catch(() => ({}));
  const fields = (error.errors ?? []).map(({ path, message }) => [path.at(-1) ?? "", message]);
  return new Refused(error.code ?? "unknown_error", error.message ?? "", Object.fromEntries(fields));
};

const request = async (url, options) => {
  const response = await fetch(url, { ...options, cache: "no-store", credentials: "omit" }).catch(() => {
    throw new Refused("offline", "");
  });
  if (!response.ok) throw await refusalOf(response);
  return await response.json();
};

const queryOf = (token, params) => {
  const query = new URLSearchParams({ connect_session_token: token });
  for (const [name, value] of Object.entries(params)) query.set(`params[${name}]`, value);
  return query;
};

/** What the session's token opens. */
export const openApi = (token) => {
  const read = async (path) => {
    const { data } = await request(new URL(path, BASE), { headers: { authorization: `Bearer ${token}` } });
    return data;
  };
  return {
    session: () => read("connect/session"),
    integrations: () => read("integrations"),
    provider: (name) => read(`providers/${encodeURIComponent(name)}`),
    /** Make the connection with credentials. */
    connect: (path, key, params, credentials) =>
      request(new URL(`${path}/${encodeURIComponent(key)}?${queryOf(token, params)}`, BASE), {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(credentials),
      }),
    /** Where the provider's window begins. */
    departure: (key, params, client) => {
      const query = queryOf(token, params);
      query.set("ws_client_id", client);
      return new URL(`oauth/connect/${encodeURIComponent(key)}?${query}`, BASE).href;
    },
    socket: () => new WebSocket(new URL(BASE.href.replace(/^http/, "ws"))),
  };
};
