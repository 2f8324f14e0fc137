// A provider that gives away what it was sent, and functions that give away what they know: for the test that greps for it.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** Answers /ok properly; /echo refuses with all request headers in the body; /redirect leads to a URL with the credentials. */
export const leakyProvider = async (t: TestContext): Promise<{ url: string; echoed: () => string[] }> => {
  const echoed: string[] = [];
  const sentBy = ({ headers }: IncomingMessage): string => String(headers.authorization ?? headers["x-api-key"]);
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, "http://localhost");
    const sent = sentBy(request);
    if (pathname === "/redirect") {
      response.writeHead(302, { location: `/echo?token=${encodeURIComponent(sent)}&next=${sent.split(" ").at(-1)}` });
      response.end();
      return;
    }
    const isEcho = pathname.startsWith("/echo");
    if (isEcho) echoed.push(sent);
    response.writeHead(isEcho ? 403 : 200, {
      "content-type": "application/json",
      "x-rate-note": isEcho ? sent : "fine",
    });
    const body = { message: `refused: ${sent}`, url: request.url, headers: request.headers };
    response.end(JSON.stringify(isEcho ? body : { data: [{ id: "1", name: "a record" }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, echoed: () => echoed };
};

// An integration's models are stored by one sync each.
const sync = (name: string, body: string): string => `
import { ActionError, createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Gives away what it knows", version: "1.0.0", frequency: "every day", autoStart: true,
  models: { Thing_${name}: z.object({ id: z.string() }) },
  exec: async (nango) => {
    const { credentials } = await nango.getConnection();
    const secret = credentials.apiKey ?? credentials.password ?? credentials.access_token ?? "none";
    ${body}
  },
});`;

/** What each function does; all but the first end in failure. */
const BODIES = {
  saves: `
    await nango.log("my secret is " + secret, { level: "warn" });
    await nango.log("all of it", { credentials, [secret]: secret, list: [[encodeURIComponent(secret)]] });
    console.error(credentials, Buffer.from(secret).toString("base64"));
    const { data } = await nango.get({ endpoint: "/ok", params: { api_key: secret, q: "x" + secret } });
    await nango.batchSave(data.data, "Thing_saves");`,
  asks: `await nango.get({ endpoint: "/echo", retries: 1, retryOn: [403] });`,
  isRedirected: `await nango.get({ endpoint: "/redirect", headers: { "x-own": secret }, forwardHeadersOnRedirect: true });`,
  asksInPath: `await nango.get({ endpoint: "/echo/" + secret + "?access_token=" + encodeURIComponent(secret) });`,
  throws: `throw new Error("it does not work with " + secret + " nor " + JSON.stringify(credentials));`,
  refuses: `throw new ActionError({ message: "not with " + secret, credentials });`,
  isNowhere: `await nango.get({ endpoint: "/x", baseUrlOverride: "http://user:" + encodeURIComponent(secret) + "@127.0.0.1:9" });`,
};

/** Those functions for an integration, as files. */
export const leakyFunctions = (integration: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(BODIES).map(([name, body]) => [`${integration}/syncs/${name}.ts`, sync(name, body)]),
  );
