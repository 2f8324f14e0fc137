// The REST API as the commands use it: JSON in, JSON out, and errors that say what to do.
import { AppError, CODES, type Code } from "../errors.ts";

type Query = Record<string, string | number | undefined>;
type Options = { query?: Query; headers?: Record<string, string>; body?: unknown };
type ErrorBody = {
  error?: { code?: string; message?: string; errors?: { message: string; path: string[] }[]; payload?: unknown };
};

export type Api = ReturnType<typeof createApi>;

const isCode = (code: string | undefined): code is Code => code !== undefined && code in CODES;

const reasonOf = (error: unknown): string => {
  const { cause } = error as { cause?: { code?: string; message?: string } };
  return cause?.code ?? cause?.message ?? String(error);
};

const toError = (status: number, text: string, where: string): AppError => {
  let body: ErrorBody = {};
  try {
    body = JSON.parse(text) as ErrorBody;
  } catch {
    // Not from us: a proxy, or another program on that port.
  }
  const { code, message, errors = [], payload } = body.error ?? {};
  if (code === "unknown_account") {
    return new AppError(code, `${where} has no environment with this API key. Is SYNCLINE_API_KEY the right one?`);
  }
  if (!isCode(code)) return new AppError("server_error", `${where} answered ${status}. Is it Syncline?`, { status });
  const fields = errors.map((error) => `\n  ${[...error.path, error.message].join(": ")}`);
  // What SQL refuses says what it is about, and what to do.
  const { detail, hint } = (payload ?? {}) as { detail?: unknown; hint?: unknown };
  const more = [detail, hint].filter((text) => typeof text === "string").map((text) => `\n  ${text}`);
  return new AppError(code, [message ?? CODES[code].says, ...fields, ...more].join(""), { status });
};

const pathWith = (path: string, query: Query = {}): string => {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  return given.length === 0
    ? path
    : `${path}?${new URLSearchParams(given.map(([name, value]): [string, string] => [name, String(value)]))}`;
};

/**
 * A client of one server. Each method resolves with the parsed answer, and rejects with an AppError: the server's own
 * code and message, or `server_unreachable`, or `missing_auth_header` when no key is set.
 */
export const createApi = ({ url, key }: { url: string; key: string | undefined }) => {
  const open = async (method: string, path: string, { query, headers, body }: Options): Promise<Response> => {
    if (key === undefined) {
      const hint =
        "`syncline start` prints one when it makes an environment, or takes the one of SYNCLINE_DEV_API_KEY.";
      throw new AppError("missing_auth_header", `Set SYNCLINE_API_KEY to an API key of the environment. ${hint}`);
    }
    const content = body === undefined ? {} : { "content-type": "application/json" };
    const response = await fetch(new URL(pathWith(path, query), url), {
      method,
      headers: { authorization: `Bearer ${key}`, ...content, ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      const message = `No server answers at ${url} (${reasonOf(error)}). Start one with \`npm start\`, or set SYNCLINE_URL.`;
      throw new AppError("server_unreachable", message, { cause: error });
    });
    if (!response.ok) throw toError(response.status, await response.text(), url);
    return response;
  };

  const request = async <T>(method: string, path: string, options: Options): Promise<T> =>
    JSON.parse(await (await open(method, path, options)).text()) as T;

  /** The lines of an answer in NDJSON, each as soon as it is there. */
  async function* lines<T>(path: string, body: unknown): AsyncGenerator<T> {
    const { body: stream } = await open("POST", path, { body });
    let rest = "";
    for await (const part of stream!.pipeThrough(new TextDecoderStream())) {
      const [last, ...whole] = `${rest}${part}`.split("\n").reverse();
      rest = last!;
      for (const line of whole.reverse()) yield JSON.parse(line) as T;
    }
  }

  return {
    url,
    get: <T>(path: string, options: Options = {}) => request<T>("GET", path, options),
    post: <T>(path: string, body: unknown) => request<T>("POST", path, { body }),
    lines,
    delete: <T>(path: string, options: Options = {}) => request<T>("DELETE", path, options),
    patch: <T>(path: string, body: unknown) => request<T>("PATCH", path, { body }),
  };
};
