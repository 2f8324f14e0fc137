// The page at /graphiql: Altair's, with a script of ours that asks for the API key first. The key stays in this browser
// tab (sessionStorage), unknown to Altair, and goes nowhere but to our own /graphql.

/** Runs before Altair does: asks for the key, tries it, and starts Altair with it. */
export const START_SCRIPT = `
const KEY = "syncline.key";
const endpoint = new URL("../graphql", document.baseURI);
const socket = new URL(endpoint);
socket.protocol = endpoint.protocol.replace("http", "ws");

const isAccepted = async (key) => {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer " + key },
    body: JSON.stringify({ query: "{ __typename }" }),
  });
  if (response.status === 401 || response.status === 403) {
    const { errors } = await response.json();
    return errors[0].message;
  }
  return true;
};

const element = (name, properties, ...children) => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
};

const askForKey = () =>
  new Promise((resolve) => {
    const input = element("input", { type: "password", required: true, autocomplete: "off", id: "key" });
    const says = element("p", { id: "says", textContent: "It is kept in this tab until you close it." });
    const form = element(
      "form",
      { id: "ask" },
      element("h1", { textContent: "Syncline GraphQL" }),
      element("label", { htmlFor: "key", textContent: "API key of an environment" }),
      input,
      element("button", { textContent: "Explore" }),
      says,
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const verdict = await isAccepted(input.value.trim()).catch((error) => error.message);
      if (verdict !== true) {
        says.textContent = verdict;
        return;
      }
      form.remove();
      resolve(input.value.trim());
    });
    document.body.append(form);
    input.focus();
  });

// Altair keeps what it is told in the browser's database, so it is not told the key: we put it on what it sends to us.
const bring = (authorization) => {
  const isOurs = (url) => new URL(url, document.baseURI).href === endpoint.href;
  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.isOurs = isOurs(url);
    return open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (this.isOurs) this.setRequestHeader("authorization", authorization);
    return send.call(this, body);
  };
  const plainFetch = window.fetch;
  window.fetch = (input, init) => {
    const request = new Request(input, init);
    if (isOurs(request.url)) request.headers.set("authorization", authorization);
    return plainFetch(request);
  };
  const sendMessage = WebSocket.prototype.send;
  WebSocket.prototype.send = function (data) {
    if (this.url !== socket.href || typeof data !== "string") return sendMessage.call(this, data);
    const message = JSON.parse(data);
    if (message.type === "connection_init") message.payload = { ...message.payload, authorization };
    return sendMessage.call(this, JSON.stringify(message));
  };
};

const start = async () => {
  const key = sessionStorage.getItem(KEY) ?? (await askForKey());
  sessionStorage.setItem(KEY, key);
  bring("Bearer " + key);
  const forget = element("button", { id: "forget", textContent: "Forget the key" });
  forget.addEventListener("click", () => {
    sessionStorage.removeItem(KEY);
    location.reload();
  });
  document.body.append(forget);
  AltairGraphQL.init({
    endpointURL: endpoint.href,
    subscriptionsEndpoint: socket.href,
    initialSubscriptionRequestHandlerId: "graphql-ws",
    initialName: "Syncline",
    initialQuery: "{\\n  environments {\\n    nodes {\\n      name\\n    }\\n  }\\n}\\n",
    instanceStorageNamespace: "syncline_",
    disableAccount: true,
    persistedSettings: { "introspection.options.description": true, "alert.disableUpdateNotification": true },
  });
};
start();
`;

const STYLE = `
#ask { position: fixed; inset: 0; z-index: 1000; display: flex; flex-direction: column; gap: .75rem; justify-content: center;
  align-items: center; background: #f6f7f9; color: #1c2530; font: 16px/1.4 system-ui, sans-serif; }
#ask h1 { font-size: 1.4rem; margin: 0; }
#ask input { width: 24rem; max-width: 90vw; padding: .5rem; font: inherit; border: 1px solid #8a94a3; border-radius: 4px; }
#ask button, #forget { padding: .4rem 1rem; font: inherit; border: 1px solid #1f5fbf; border-radius: 4px; background: #1f5fbf;
  color: #fff; cursor: pointer; }
#ask p { margin: 0; color: #5a6572; }
#forget { position: fixed; right: .5rem; bottom: .5rem; z-index: 999; font: 12px system-ui, sans-serif; padding: .2rem .6rem; }
app-banner { display: none; } /* an advertisement */
`;

/** Altair's own page with its paths put right, our style and, after its scripts, ours. */
export const explorerPage = (page: string): string =>
  page
    .replace(/<title>.*<\/title>/, "<title>Syncline GraphQL</title>")
    .replace(/<base [^>]*>/, '<base href="graphiql/">') // relative, so that it also works behind a path of a proxy
    .replace("</head>", `<style>${STYLE}</style></head>`)
    .replace("</body>", '<script type="module" src="start.js"></script></body>');
