// Our functions that read whole lists, while rows vanish from them: nothing that is there is taken for deleted.
import assert from "node:assert/strict";
import { laterTests, numbers } from "./later-run.ts";

const { test, start } = laterTests("lists from which rows vanish");

/** Of a list of `count`, each answer takes away the first three rows that it sent, up to `most`. */
const shrinking = (count: number, most: number) => {
  let ids = numbers(count);
  const gone: string[] = [];
  return {
    slice: (from: number, limit: number): string[] => {
      const page = ids.slice(from, from + limit);
      gone.push(...page.slice(0, Math.min(3, most - gone.length)));
      ids = ids.filter((id) => !gone.includes(id));
      return page;
    },
    left: () => ids,
  };
};

test("people deleted in Attio while they are read hide none of the others", async (t) => {
  const people = shrinking(320, 9);
  const row = (id: string) => ({ id: { record_id: id }, created_at: "2026-01-01", web_url: "u" });
  const attio = await start(t, "attio/people", (_url, { body }) => {
    const { offset, limit } = JSON.parse(body.toString());
    return { data: { data: people.slice(offset, limit).map(row) } };
  });
  assert.equal(attio.first.success, true);
  assert.equal((await attio.run()).success, true);
  assert.deepEqual(await attio.ids("Person"), people.left());
});

test("vendors made inactive in QuickBooks while they are read hide none of the others", async (t) => {
  const vendors = shrinking(320, 9);
  const row = (Id: string) => ({ Id, Active: true, DisplayName: Id, MetaData: { LastUpdatedTime: "2026-01-01" } });
  const answer = ({ searchParams }: URL) => {
    const [, position, limit] = /STARTPOSITION (\d+) MAXRESULTS (\d+)$/.exec(searchParams.get("query")!)!;
    return { data: { QueryResponse: { Vendor: vendors.slice(Number(position) - 1, Number(limit)).map(row) } } };
  };
  const quickbooks = await start(t, "quickbooks/vendors", answer, { connectionConfig: { realmId: "1" } });
  assert.equal(quickbooks.first.success, true);
  assert.equal((await quickbooks.run()).success, true);
  assert.deepEqual(await quickbooks.ids("Vendor"), vendors.left());
});

test("projects deleted in Jira while they are read hide none of the others, on short pages too", async (t) => {
  const projects = shrinking(90, 6);
  const row = (id: string) => ({ id, key: `K${id}`, name: "n", projectTypeKey: "software" });
  const answer = ({ searchParams }: URL) => {
    const startAt = Number(searchParams.get("startAt"));
    const values = projects.slice(startAt, 20).map(row); // of the 50 asked for
    return { data: { values, isLast: startAt + 20 >= projects.left().length } };
  };
  const metadata = { cloudId: "c", baseUrl: "https://acme.atlassian.net" };
  const jira = await start(t, "jira/projects", answer, { metadata });
  assert.equal(jira.first.success, true);
  assert.equal((await jira.run()).success, true);
  assert.deepEqual(await jira.ids("Project"), projects.left());
});

test("QuickBooks without the id of the company is refused before anything is asked", async (t) => {
  const quickbooks = await start(t, "quickbooks/vendors", () => ({ data: {} }));
  assert.equal(quickbooks.first.success, false);
  assert.match(String(quickbooks.first.error?.description), /realmId/);
  assert.deepEqual(quickbooks.asked(), []);
});

test("a run of Stripe's customers that failed goes on behind its last one, or at the start when that was deleted", async (t) => {
  let ids = numbers(5);
  let isBroken = true;
  const stripe = await start(t, "stripe-app/customers", ({ pathname, searchParams }) => {
    const [, one] = /^\/v1\/customers\/(\d+)$/.exec(pathname) ?? [];
    if (one !== undefined) return { data: ids.includes(one) ? { id: one } : { id: one, deleted: true } };
    const after = searchParams.get("starting_after");
    if (after !== null && (isBroken || !ids.includes(after))) return { status: 400, data: {} };
    const from = after === null ? 0 : ids.indexOf(after) + 1;
    return { data: { data: ids.slice(from, from + 2).map((id) => ({ id })), has_more: from + 2 < ids.length } };
  });
  assert.equal(stripe.first.success, false);
  isBroken = false;
  stripe.asked();
  assert.deepEqual((await stripe.run()).responseResults, { added: 5, updated: 0, deleted: 0 });
  assert.deepEqual(
    stripe.asked().map(({ starting_after }) => starting_after),
    [undefined, "2", "4"], // the first looks whether 2 is still there
  );
  isBroken = true;
  assert.equal((await stripe.run()).success, false);
  [ids, isBroken] = [["1", "3", "4", "5"], false];
  assert.deepEqual((await stripe.run()).responseResults, { added: 0, updated: 0, deleted: 1 });
  assert.deepEqual(await stripe.ids("Customer"), ["1", "3", "4", "5"]);
});
