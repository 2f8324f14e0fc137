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
  Settings: "What holds for a whole environment: variables, the signing key, where webhooks go.",
  "API keys": "The keys of environments, and what each may do.",
  Environments: "The tenants of an installation: each has everything of its own. For account keys.",
  MCP: "Actions as tools of language models.",
  Webhooks: "What the app is told, and what became of each message: look, send again, pause an endpoint.",
  "Received webhooks": "What providers sent: whose it is, what was done about it, and doing it again.",
  Logs: "What happened.",
  "Audit log": "Who changed what, and who saw credentials.",
  "Webhooks in": "What providers send.",
  Service: "This server: whether it works, and what it can do.",
};
