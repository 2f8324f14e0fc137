// What the recordings do not show of our functions for well-known APIs: later runs, many pages, deletions, lists that
// move while they are read, and refusals. Each API here does of the real one just what the function depends on.
import assert from "node:assert/strict";
import { laterTests, numbers } from "./later-run.ts";

const { test, start } = laterTests("later runs");

test("a later run of Salesforce's contacts goes on at the change of the last contact", async (t) => {
  const changed = "2026-05-01T07:25:37.000+0000";
  const row = (id: number) => ({ Id: String(id), LastName: "L", CreatedDate: changed, SystemModstamp: changed });
  const pages: Record<string, object> = {
    "/services/data/v59.0/query": { records: [row(1)], nextRecordsUrl: "/services/data/v59.0/query/page-2" },
    "/services/data/v59.0/query/page-2": { records: [row(2)] },
  };
  const salesforce = await start(t, "salesforce/contacts", ({ pathname }) => ({ data: pages[pathname] }));
  assert.equal(salesforce.first.success, true);
  assert.deepEqual(await salesforce.ids("Contact"), ["1", "2"]);
  salesforce.asked();
  const { responseResults } = await salesforce.run();
  assert.deepEqual(responseResults, { added: 0, updated: 0, deleted: 0 });
  assert.match(String(salesforce.asked()[0]?.q), / WHERE SystemModstamp >= 2026-05-01T07:25:37\.000Z ORDER BY/);
});

test("a run of HubSpot's contacts that failed goes on at its page and deletes nothing that it saw before", async (t) => {
  const row = (id: string) => ({ id, properties: {}, createdAt: "2026-01-01", updatedAt: "2026-01-01" });
  let isBroken = true;
  let ids = ["1", "2", "3"];
  const hubspot = await start(t, "hubspot/contacts", (url) => {
    const after = url.searchParams.get("after");
    if (after !== null && isBroken) return { status: 400, data: { message: "no" } };
    const at = after === null ? 0 : ids.indexOf(after);
    const next = ids[at + 1];
    return { data: { results: [row(ids[at]!)], ...(next && { paging: { next: { after: next } } }) } };
  });
  assert.equal(hubspot.first.success, false);
  isBroken = false;
  hubspot.asked();
  assert.deepEqual((await hubspot.run()).responseResults, { added: 3, updated: 0, deleted: 0 });
  assert.deepEqual(
    hubspot.asked().map(({ after }) => after),
    ["2", "3"],
  );
  ids = ["1", "3"];
  assert.deepEqual((await hubspot.run()).responseResults, { added: 0, updated: 0, deleted: 1 });
  assert.deepEqual(await hubspot.ids("Contact"), ["1", "3"]);
});

test("GitLab issues that change while they are read push none out of sight, however many changed at one moment", async (t) => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
  // 250 of them at one moment, which is more than two pages.
  const issues = numbers(400).map((id) => ({ id: Number(id), updated_at: at(Math.min(Number(id), 50)) }));
  for (const one of issues.slice(300)) one.updated_at = at(one.id);
  const gitlab = await start(t, "gitlab/issues", ({ pathname, searchParams }) => {
    if (pathname === "/api/v4/projects") return { data: searchParams.get("page") === "1" ? [{ id: 7 }] : [] };
    const since = searchParams.get("updated_after") ?? "";
    const from = (Number(searchParams.get("page")) - 1) * 100;
    const page = issues
      .filter(({ updated_at }) => updated_at >= since)
      .toSorted((a, b) => (a.updated_at === b.updated_at ? a.id - b.id : a.updated_at < b.updated_at ? -1 : 1))
      .slice(from, from + 100);
    const author = { id: 1, username: "u" };
    const data = page.map((issue) => ({
      ...issue,
      project_id: 7,
      iid: 1,
      title: "t",
      state: "opened",
      author,
      labels: [],
    }));
    for (const issue of issues.slice(0, 10)) issue.updated_at = at(5000); // they move to the end
    return { data };
  });
  assert.equal(gitlab.first.success, true);
  assert.deepEqual(await gitlab.ids("Issue"), numbers(400));
});

test("a Zendesk ticket that was deleted is deleted, and a later run asks from the end of the last page", async (t) => {
  const row = (id: number, status = "open") => ({ id, status, url: "u", created_at: "c", updated_at: "u" });
  const pages: Record<string, object> = {
    0: { tickets: [row(1), row(2)], end_time: 100, end_of_stream: false },
    100: { tickets: [row(3)], end_time: 200, end_of_stream: true },
    200: { tickets: [row(2, "deleted")], end_time: 300, end_of_stream: true },
    300: { tickets: [], end_time: null, end_of_stream: true },
  };
  const zendesk = await start(t, "zendesk/tickets", ({ searchParams }) => ({
    data: pages[searchParams.get("start_time")!],
  }));
  assert.deepEqual(await zendesk.ids("Ticket"), ["1", "2", "3"]);
  await zendesk.run();
  assert.deepEqual(await zendesk.ids("Ticket"), ["1", "3"]);
  assert.equal((await zendesk.run()).success, true);
  assert.deepEqual(
    zendesk.asked().map(({ start_time }) => start_time),
    ["0", "100", "200", "300"],
  );
});

test("a GitHub pass that failed goes on at its repository, and the next pass asks all for what changed since", async (t) => {
  const repository = (id: number) => ({ id, full_name: `o/${id}`, has_issues: id !== 2 });
  let isBroken = true;
  const issue = { updated_at: "2026-01-01T00:00:00Z", title: "t", labels: [], assignees: [] };
  const github = await start(t, "github/issues", ({ pathname }) => {
    if (pathname === "/user/repos") return { data: [3, 2, 1].map(repository) };
    const [, , , name] = pathname.split("/");
    if (name === "3" && isBroken) return { status: 410, data: {} };
    return {
      data: [
        { ...issue, id: Number(name) },
        { ...issue, id: 100 + Number(name), pull_request: {} },
      ],
    };
  });
  assert.equal(github.first.success, false);
  isBroken = false;
  github.asked();
  assert.equal((await github.run()).success, true);
  assert.deepEqual(await github.ids("Issue"), ["1", "3"]);
  assert.deepEqual(
    github.asked().map(({ since }) => since),
    [undefined, issue.updated_at, undefined],
  );
  assert.equal((await github.run()).success, true);
  const [, one = "", three = ""] = github.asked().map(({ since }) => since);
  assert.ok(one > issue.updated_at && one === three, `${one}, ${three}`);
});

test("Slack's channels are read one a run; after the last one the next pass asks for what was said since the first", async (t) => {
  const channels = ["C2", "C1", "C3"].map((id) => ({ id, name: id, is_member: id !== "C3" }));
  const startedAt = Math.floor(Date.now() / 1000);
  const slack = await start(t, "slack/messages-received", ({ pathname, searchParams }) => {
    if (pathname === "/conversations.list") return { data: { ok: true, channels } };
    return { data: { ok: true, messages: [{ ts: `${searchParams.get("channel")!.slice(1)}.5`, text: "hello" }] } };
  });
  await slack.run();
  await slack.run();
  const histories = slack.asked().filter(({ channel }) => channel !== undefined);
  assert.deepEqual(
    histories.map(({ channel }) => channel),
    ["C1", "C2", "C1"],
  );
  assert.deepEqual(
    histories.slice(0, 2).map(({ oldest }) => oldest),
    ["0", "0"],
  );
  const oldest = Number(histories[2]?.oldest);
  assert.ok(oldest >= startedAt - 60 && oldest <= Date.now() / 1000 - 60, `${oldest} after ${startedAt}`);
});

test("Slack refusing with 200 fails the run and deletes nobody", async (t) => {
  let answer: object = { ok: true, members: [{ id: "1", name: "n", profile: {}, deleted: false, updated: 0 }] };
  const slack = await start(t, "slack/users", () => ({ data: answer }));
  answer = { ok: false, error: "missing_scope" };
  const { success, error } = await slack.run();
  assert.equal(success, false);
  assert.match(String(error?.description), /missing_scope/);
  assert.deepEqual(await slack.ids("User"), ["1"]);
});
