// Later runs of our functions that ask an API for changes: they go on where the last one ended, take what is gone along, and
// start over when the API has forgotten where that was. Each API here does of the real one just what the function depends on.
import assert from "node:assert/strict";
import { laterTests, numbers } from "./later-run.ts";

const { test, start } = laterTests("later changes of what was read");

test("Outlook's delta link is followed: what is removed goes, what comes in part changes that part only", async (t) => {
  const message = (id: string) => ({ id, subject: `s${id}`, receivedDateTime: "2026-01-01T00:00:00Z", isRead: false });
  const link = (token: string) =>
    `https://graph.microsoft.com/v1.0/me/mailFolders('inbox')/messages/delta?$token=${token}`;
  const pages: Record<string, object> = {
    "": { value: [message("1"), message("2")], "@odata.nextLink": link("more") },
    more: { value: [message("3")], "@odata.deltaLink": link("changes") },
    changes: {
      value: [
        { id: "1", isRead: true },
        { id: "2", "@removed": { reason: "deleted" } },
        { id: "9", isRead: true },
      ],
      "@odata.deltaLink": link("forgotten"),
    },
  };
  const outlook = await start(t, "outlook/messages", ({ searchParams }) => {
    const data = pages[searchParams.get("$token") ?? ""];
    return data === undefined ? { status: 410, data: { error: { code: "syncStateNotFound" } } } : { data };
  });
  assert.deepEqual(await outlook.ids("Message"), ["1", "2", "3"]);
  assert.deepEqual((await outlook.run()).responseResults, { added: 0, updated: 1, deleted: 1 });
  const [changed] = (await outlook.live("Message")).filter(({ id }) => id === "1");
  assert.equal(changed?.isRead, true);
  assert.equal(changed?.subject, "s1");
  assert.deepEqual(await outlook.ids("Message"), ["1", "3"]);
  outlook.asked();
  assert.equal((await outlook.run()).success, true);
  const [forgotten, first] = outlook.asked();
  assert.equal(forgotten?.$token, "forgotten");
  assert.match(String(first?.$filter), /^receivedDateTime ge /);
});

const dropboxFile = (path: string) => ({ ".tag": "file", id: `id:${path}`, name: path, path_lower: path, size: 1 });

test("a folder deleted in Dropbox takes its files along, but not those that came after it or are called alike", async (t) => {
  const gone = (path: string) => ({ ".tag": "deleted", path_lower: path });
  const pages: Record<string, object> = {
    "": { entries: ["/a/1", "/a/b/2", "/ab", "/c"].map(dropboxFile), cursor: "one", has_more: false },
    one: { entries: [gone("/c"), gone("/a"), dropboxFile("/a/3")], cursor: "two", has_more: false },
  };
  const dropbox = await start(t, "dropbox/files", (_url, { body }) => ({
    data: pages[JSON.parse(body.toString()).cursor ?? ""],
  }));
  const paths = async () => (await dropbox.live("File")).map(({ id }) => id).sort();
  assert.deepEqual(await paths(), ["/a/1", "/a/b/2", "/ab", "/c"]);
  assert.equal((await dropbox.run()).success, true);
  assert.deepEqual(await paths(), ["/a/3", "/ab"]);
});

test("when Dropbox resets its cursor all files are read again, and those gone meanwhile are deleted", async (t) => {
  let files = ["/a", "/b"];
  let isReset = false;
  const dropbox = await start(t, "dropbox/files", ({ pathname }) => {
    if (pathname.endsWith("/continue") && isReset) return { status: 409, data: { error_summary: "reset/.." } };
    if (pathname.endsWith("/continue")) return { data: { entries: [], cursor: "next", has_more: false } };
    return { data: { entries: files.map(dropboxFile), cursor: "first", has_more: false } };
  });
  assert.deepEqual((await dropbox.run()).responseResults, { added: 0, updated: 0, deleted: 0 });
  [files, isReset] = [["/b", "/c"], true];
  assert.deepEqual((await dropbox.run()).responseResults, { added: 1, updated: 0, deleted: 1 });
  isReset = false;
  assert.deepEqual((await dropbox.run()).responseResults, { added: 0, updated: 0, deleted: 0 });
});

test("Notion is read from the oldest edit once, and then from the newest back to the last pass", async (t) => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
  const page = (id: string) => {
    const minute = Number(id) * 10;
    return {
      object: "page",
      id,
      last_edited_time: at(minute),
      parent: { type: "workspace", workspace: true },
      properties: {},
    };
  };
  let ids = numbers(6);
  const notion = await start(t, "notion/content-metadata", (_url, { body }) => {
    const { sort, start_cursor } = JSON.parse(body.toString());
    const sorted = sort.direction === "ascending" ? ids : ids.toReversed();
    const from = Number(start_cursor ?? 0);
    const more = from + 2 < sorted.length ? String(from + 2) : null;
    return { data: { results: sorted.slice(from, from + 2).map(page), next_cursor: more } };
  });
  assert.deepEqual(await notion.ids("ContentMetadata"), numbers(6));
  assert.equal(notion.askedBodies().length, 3);
  ids = numbers(8);
  await notion.run();
  assert.deepEqual(await notion.ids("ContentMetadata"), numbers(8));
  // 8 and 7 are new, 6 and 5 are within the margin, and 4 ends it.
  const later = notion.askedBodies();
  assert.deepEqual(
    later.map(({ sort, start_cursor }) => [sort.direction, start_cursor]),
    [
      ["descending", undefined],
      ["descending", "2"],
      ["descending", "4"],
    ],
  );
});

test("a pass over Linear's issues goes back to where the one before began, and one in the trash is deleted", async (t) => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
  const state = { id: "s", name: "Todo", color: "#fff" };
  let issues = [3, 2, 1].map((id) => ({ id: String(id), updatedAt: at(id), trashed: false }));
  const linear = await start(t, "linear/issues", (_url, { body }) => {
    const { variables } = JSON.parse(body.toString());
    const since = variables.filter.updatedAt?.gte ?? "";
    const found = issues.filter(({ updatedAt }) => updatedAt >= since);
    const from = variables.after === null ? 0 : found.findIndex(({ id }) => id === variables.after) + 1;
    const nodes = found.slice(from, from + 2).map((issue) => ({ ...issue, state, labels: { nodes: [] }, cycle: null }));
    const pageInfo = { hasNextPage: from + 2 < found.length, endCursor: nodes.at(-1)?.id ?? null };
    return { data: { data: { issues: { nodes, pageInfo } } } };
  });
  assert.deepEqual(await linear.ids("Issue"), ["1", "2", "3"]);
  issues = [{ id: "2", updatedAt: at(4), trashed: true }, ...issues.filter(({ id }) => id !== "2")];
  linear.askedBodies();
  assert.deepEqual((await linear.run()).responseResults, { added: 0, updated: 0, deleted: 1 });
  assert.deepEqual(linear.askedBodies()[0].variables.filter, { updatedAt: { gte: at(3) } });
  assert.deepEqual(await linear.ids("Issue"), ["1", "3"]);
});

test("a later run asks Jira for the minutes since the last issue, whose site was looked up once", async (t) => {
  const updated = new Date(Date.now() - 30 * 60_000).toISOString().replace("Z", "+0000");
  const fields = { summary: "s", created: updated, updated };
  const jira = await start(t, "jira/issues", ({ pathname }) => {
    if (pathname !== "/oauth/token/accessible-resources")
      return { data: { issues: [{ id: "1", key: "K-1", fields }] } };
    const site = { id: "c1", url: "https://acme.atlassian.net", name: "acme" };
    const others = { id: "c2", url: "https://acme.atlassian.net", name: "acme", scopes: ["read:page:confluence"] };
    return { data: [{ ...site, scopes: ["read:jira-work"] }, { ...site, scopes: ["read:jira-user"] }, others] };
  });
  const [issue] = await jira.live("Issue");
  assert.equal(issue?.web_url, "https://acme.atlassian.net/browse/K-1");
  jira.asked();
  await jira.run();
  const [later, ...others] = jira.asked();
  assert.deepEqual(others, []);
  const minutes = Number(/^updated >= "-(\d+)m" ORDER BY updated ASC$/.exec(String(later?.jql))?.[1]);
  assert.ok(minutes >= 35 && minutes <= 40, String(later?.jql));
});
