// An API as providers have them, for requests that pass through: it says what it was asked, or fails as it is told.
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

/** `/status/418` answers that status; everything else 200 with the method, the path, the headers and the body it got. */
export const startUpstream = async (t: TestContext): Promise<{ url: string }> => {
  const server = createServer(async (request, response) => {
    const { method, url = "/", headers } = request;
    const body = Buffer.concat(await request.toArray()).toString();
    const status = Number(/^\/status\/(\d{3})/.exec(url)?.[1] ?? 200);
    response.writeHead(status, { "content-type": "application/json", "x-request-id": "upstream" });
    response.end(method === "HEAD" ? undefined : JSON.stringify({ method, url, headers, body }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};
