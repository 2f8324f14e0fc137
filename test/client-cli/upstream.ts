// What the functions ask: notes, two a page, and as much of GitHub as the official example needs.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

type Asked = { url: URL; request: IncomingMessage; notes: string[]; origin: string };
type Answer = { body: unknown; link?: string };

const ISSUE = {
  title: "It rains",
  state: "open",
  body: "still",
  user: { login: "ada", id: 7 },
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-02T00:00:00Z",
};

const listNotes = ({ url, notes }: Asked): Answer => {
  const after = Number(url.searchParams.get("after"));
  const numbered = notes.map((text, index) => ({ number: index + 1, text }));
  return { body: { notes: numbered.slice(after, after + 2) } };
};

const writeNote = async ({ request, notes }: Asked): Promise<Answer> => {
  const { text } = JSON.parse(Buffer.concat(await request.toArray()).toString()) as { text: string };
  return { body: { number: notes.push(text) } };
};

const listRepositories = ({ url, origin }: Asked): Answer => {
  const page = url.searchParams.get("page") ?? "1";
  const body = [{ name: `repo${page}`, owner: { login: "ada" } }];
  return page === "1" ? { body, link: `<${origin}/user/repos?per_page=100&page=2>; rel="next"` } : { body };
};

const listIssues = ({ url }: Asked): Answer => {
  const repo = url.pathname.split("/")[3];
  const one = { ...ISSUE, id: `${repo}-1`, number: 1 };
  return { body: [one, { ...one, id: `${repo}-2`, number: 2, pull_request: {} }] };
};

const answer = (asked: Asked): Answer | Promise<Answer> => {
  const { pathname } = asked.url;
  if (pathname === "/notes") return asked.request.method === "POST" ? writeNote(asked) : listNotes(asked);
  if (pathname === "/user/repos") return listRepositories(asked);
  return listIssues(asked);
};

/** Start it; `notes` are those there are, `asked` the requests so far, as method and path. Who comes without the token `ada` is refused. */
export const startUpstream = async (t: TestContext): Promise<{ url: string; notes: string[]; asked: string[] }> => {
  const notes = ["one", "two", "three"];
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const origin = `http://${request.headers.host}`;
    asked.push(`${request.method} ${request.url?.split("?")[0]}`);
    const isKnown = request.headers.authorization === "Bearer ada";
    const { body, link } = await answer({ url: new URL(request.url!, origin), request, notes, origin });
    response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json", ...(link && { link }) });
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, notes, asked };
};
