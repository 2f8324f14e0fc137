// The client's calls about records and syncs.
import assert from "node:assert/strict";
import { until } from "../helpers/until.ts";
import { type Call, callsOf } from "./client-call.ts";
import type { ClientWorld } from "./client-world.ts";

const contacts = { providerConfigKey: "crm", connectionId: "one", model: "Contact" };
const nobody = { ...contacts, connectionId: "nobody" };
const since = () => new Date(Date.now() - 3_600_000).toISOString();
const hundred = Array.from({ length: 100 }, (_, n) => `${n}`);

const quiet = ({ nango }: ClientWorld) =>
  until("no contacts are synced", async () =>
    (await nango.syncStatus("crm", "*")).syncs.every(({ status }) => status !== "RUNNING"),
  );

type Page = { records: { id: string; _nango_metadata: { cursor: string } }[]; next_cursor: string | null };
const has = (count: number) => (page: Page) => assert.equal(page.records.length, count);

const cursorAt = async ({ nango }: ClientWorld, at: number): Promise<string> =>
  (await nango.listRecords({ ...contacts, limit: at + 1 })).records[at]?._nango_metadata.cursor as string;

const list = callsOf("listRecords");
const prune = callsOf("pruneRecords");

export const recordCalls: Call[] = [
  list.ok(
    "a first page",
    ({ nango }) => nango.listRecords(contacts),
    (page) => {
      assert.deepEqual([page.records.length, page.records[0]?.n], [100, 0]);
      assert.equal(page.next_cursor, page.records[99]?._nango_metadata.cursor);
    },
  ),
  list.ok(
    "after a cursor",
    async (world) => world.nango.listRecords({ ...contacts, cursor: await cursorAt(world, 99) }),
    has(20),
  ),
  list.ok("one id", ({ nango }) => nango.listRecords({ ...contacts, ids: ["7"] }), has(1)),
  list.ok("a hundred ids", ({ nango }) => nango.listRecords({ ...contacts, ids: hundred }), has(100)),
  list.ok("a filter and a limit", ({ nango }) => nango.listRecords({ ...contacts, filter: "added", limit: 7 }), has(7)),
  list.ok("two filters", ({ nango }) => nango.listRecords({ ...contacts, filter: "updated,deleted" }), has(0)),
  list.ok(
    "modified after, base variant",
    ({ nango }) => nango.listRecords({ ...contacts, modifiedAfter: since(), variant: "base", limit: 1000 }),
    has(120),
  ),
  list.ok("delta", ({ nango }) => nango.listRecords({ ...contacts, delta: since(), limit: 1000 }), has(120)),
  list.ok("an unknown model", ({ nango }) => nango.listRecords({ ...contacts, model: "Nothing" }), has(0)),
  list.fails("an unknown connection", "400 unknown_connection", ({ nango }) => nango.listRecords(nobody)),
  list.fails("a cursor that is none", "400 invalid_query_params", ({ nango }) =>
    nango.listRecords({ ...contacts, cursor: "rubbish" }),
  ),
  list.fails("a limit of 10001", "400 invalid_query_params", ({ nango }) =>
    nango.listRecords({ ...contacts, limit: 10_001 }),
  ),
  list.fails("a malformed integration", "400 invalid_headers", ({ nango }) =>
    nango.listRecords({ ...contacts, providerConfigKey: "a/b" }),
  ),
  list.strange((client) => client.listRecords(contacts)),
  prune.ok(
    "part of it",
    async (world) => world.nango.pruneRecords({ ...contacts, untilCursor: await cursorAt(world, 49), limit: 20 }),
    (pruned) => assert.deepEqual(pruned, { count: 20, has_more: true }),
  ),
  prune.ok(
    "the rest",
    async (world) => world.nango.pruneRecords({ ...contacts, untilCursor: await cursorAt(world, 49), variant: "base" }),
    (pruned) => assert.deepEqual(pruned, { count: 30, has_more: false }),
  ),
  prune.fails("an unknown connection", "400 unknown_connection", ({ nango }) =>
    nango.pruneRecords({ ...nobody, untilCursor: "x" }),
  ),
  prune.fails("a limit of 10001", "400 invalid_body", ({ nango }) =>
    nango.pruneRecords({ ...contacts, untilCursor: "x", limit: 10_001 }),
  ),
  prune.strange((client) => client.pruneRecords({ ...contacts, untilCursor: "x" })),
];

const trigger = callsOf("triggerSync");
const start = callsOf("startSync");
const pause = callsOf("pauseSync");
const status = callsOf("syncStatus");
const frequency = callsOf("updateSyncConnectionFrequency");
const create = callsOf("createSyncVariant");
const remove = callsOf("deleteSyncVariant");

const spellings = [
  ["no options", undefined],
  ["opts reset", { reset: true }],
  ["opts reset and emptyCache", { reset: true, emptyCache: true }],
  ["mode incremental", "incremental"],
  ["mode full_refresh", "full_refresh"],
  ["mode full_refresh_and_clear_cache", "full_refresh_and_clear_cache"],
  ["full resync", true],
  ["no full resync", false],
] as const;

const succeeded = (answer: unknown) => assert.deepEqual((answer as { data: unknown }).data, { success: true });
const names = ["contacts", { name: "contacts", variant: "base" }];
const variant = (name: string, over: object = {}) => ({
  provider_config_key: "crm",
  connection_id: "one",
  name: "contacts",
  variant: name,
  ...over,
});

export const syncCalls: Call[] = [
  ...spellings.map(([says, options]) =>
    trigger.ok(
      says,
      async (world) => {
        await quiet(world);
        return await world.nango.triggerSync("crm", names, "one", options as undefined);
      },
      succeeded,
    ),
  ),
  trigger.ok("all syncs of all connections", ({ nango }) => nango.triggerSync("crm"), succeeded),
  trigger.fails("an unknown integration", "400 unknown_provider_config", ({ nango }) =>
    nango.triggerSync("no", [], "one"),
  ),
  trigger.fails("an unknown connection", "404 unknown_connection", ({ nango }) =>
    nango.triggerSync("crm", [], "nobody"),
  ),
  trigger.fails("an unknown sync", "400 no_syncs_found", ({ nango }) => nango.triggerSync("crm", ["nothing"], "one")),
  trigger.fails("an unknown mode", "400 invalid_body", ({ nango }) =>
    nango.triggerSync("crm", [], "one", "sideways" as "incremental"),
  ),
  trigger.strange((client) => client.triggerSync("crm")),
  pause.ok("one sync", ({ nango }) => nango.pauseSync("crm", names, "one"), succeeded),
  pause.ok("what is paused", ({ nango }) => nango.pauseSync("crm", [], "one"), succeeded),
  pause.fails("an unknown connection", "404 unknown_connection", ({ nango }) => nango.pauseSync("crm", [], "nobody")),
  pause.fails("an unknown sync", "400 no_syncs_found", ({ nango }) => nango.pauseSync("crm", ["nothing"])),
  pause.strange((client) => client.pauseSync("crm", [])),
  status.ok(
    "a paused sync",
    ({ nango }) => nango.syncStatus("crm", ["contacts"], "one"),
    ({ syncs }) => assert.equal(syncs[0]?.status, "PAUSED"),
  ),
  start.ok("one sync", ({ nango }) => nango.startSync("crm", ["contacts"], "one"), succeeded),
  start.ok("all of the integration", ({ nango }) => nango.startSync("crm", []), succeeded),
  start.fails("an unknown integration", "400 unknown_provider_config", ({ nango }) => nango.startSync("no", [])),
  start.fails("an unknown sync", "400 no_syncs_found", ({ nango }) => nango.startSync("crm", ["nothing"], "one")),
  start.strange((client) => client.startSync("crm", [])),
  status.ok(
    "all syncs of all connections",
    ({ nango }) => nango.syncStatus("crm", "*"),
    ({ syncs }) => assert.equal(syncs.length, 2),
  ),
  status.ok(
    "a variant",
    ({ nango }) => nango.syncStatus("crm", [{ name: "contacts", variant: "base" }]),
    ({ syncs }) => assert.equal(syncs.length, 2),
  ),
  status.ok(
    "an unknown sync is left out",
    ({ nango }) => nango.syncStatus("crm", ["nothing"], "one"),
    ({ syncs }) => assert.deepEqual(syncs, []),
  ),
  status.fails("an unknown integration", "400 unknown_provider_config", ({ nango }) => nango.syncStatus("no", "*")),
  status.fails("an unknown connection", "400 invalid_body", ({ nango }) => nango.syncStatus("crm", "*", "nobody")),
  status.strange((client) => client.syncStatus("crm", "*")),
  frequency.ok(
    "another one",
    ({ nango }) => nango.updateSyncConnectionFrequency("crm", "contacts", "one", "every half hour"),
    (set) => assert.deepEqual(set, { frequency: "30m" }),
  ),
  frequency.ok("its own again", ({ nango }) =>
    nango.updateSyncConnectionFrequency("crm", { name: "contacts", variant: "base" }, "one", null),
  ),
  frequency.fails("too often", "400 invalid_body", ({ nango }) =>
    nango.updateSyncConnectionFrequency("crm", "contacts", "one", "every 2s"),
  ),
  frequency.fails("an unknown sync", "400 unknown_sync", ({ nango }) =>
    nango.updateSyncConnectionFrequency("crm", "nothing", "one", null),
  ),
  frequency.fails("an unknown connection", "400 unknown_connection", ({ nango }) =>
    nango.updateSyncConnectionFrequency("crm", "contacts", "nobody", null),
  ),
  frequency.strange((client) => client.updateSyncConnectionFrequency("crm", "contacts", "one", null)),
  create.ok(
    "a variant",
    ({ nango }) => nango.createSyncVariant(variant("mine")),
    ({ name, variant: made }) => assert.deepEqual([name, made], ["contacts", "mine"]),
  ),
  create.fails("the same again", "400 sync_variant_already_exists", ({ nango }) =>
    nango.createSyncVariant(variant("mine")),
  ),
  create.fails("a reserved name", "400 invalid_variant", ({ nango }) => nango.createSyncVariant(variant("BASE"))),
  create.fails("an unknown sync", "400 unknown_sync", ({ nango }) =>
    nango.createSyncVariant(variant("x", { name: "nothing" })),
  ),
  create.strange((client) => client.createSyncVariant(variant("x"))),
  remove.ok("a variant", ({ nango }) => nango.deleteSyncVariant(variant("mine"))),
  remove.fails("a variant that is gone", "404 not_found", ({ nango }) => nango.deleteSyncVariant(variant("mine"))),
  remove.fails("an unknown connection", "400 unknown_connection", ({ nango }) =>
    nango.deleteSyncVariant(variant("mine", { connection_id: "nobody" })),
  ),
  remove.strange((client) => client.deleteSyncVariant(variant("mine"))),
];
