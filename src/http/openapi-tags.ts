// What the groups of operations are about, in the order in which the document lists them.

/** A group without a line here fails the lint of the document. */
export const TAGS: { readonly [name: string]: string } = {
  Records: "What syncs have stored, as feeds of changes.",
  Syncs: "Functions that copy data on a schedule, one for each connection: run, start, pause, look at them.",
  Actions: "Functions that do one thing for a connection when they are called.",
  Proxy: "Requests to a provider with a connection's credentials.",
  Connections: "A customer's account at a provider: its credentials, metadata and tags.",
  Integrations: "Providers as this environment uses them, with the app's own credentials.",
  Providers: "The catalogue: how APIs authenticate and page.",
  Functions: "The code that runs: deploy it, look at it, delete it.",
  Connect: "Sessions in which a customer connects an account.",
  Environment: "What belongs to a whole environment: variables, keys, webhooks.",
  Environments: "Environments: each has integrations, connections, functions and records of its own.",
  Logs: "What happened.",
  Service: "This server: whether it works, and what it can do.",
};
