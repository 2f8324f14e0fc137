// Function files as authors write them, checked by the compiler under strict settings: good ones pass, and every line below
// an expected error is one.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { symlink } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { ROOT } from "../guard/sources.ts";
import { folder } from "./isolates.ts";

const SDK = path.join(ROOT, "src/functions/sdk/index.ts");

const CONFIG = JSON.stringify({
  compilerOptions: {
    target: "es2022",
    lib: ["es2022"],
    module: "node16",
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    noImplicitReturns: true,
    skipLibCheck: true,
    noEmit: true,
    allowImportingTsExtensions: true,
    resolveJsonModule: true,
    types: ["node"],
    paths: { nango: [SDK], syncline: [SDK] },
  },
  include: ["**/*.ts"],
});

const HEAD = `import { createAction, createOnEvent, createSync } from "nango";
import type { NangoAction, NangoActionLocal, NangoSync, NangoSyncLocal, ProxyConfiguration } from "nango";
import * as z from "zod";
const Contact = z.object({ id: z.string(), name: z.string().optional(), age: z.number().nullable() });
const base = { description: "d", frequency: "every hour", models: { Contact } };
`;

const SYNC = `import { createSync, type NangoAction, type NangoSync, ProxyConfiguration } from "nango";
import { z } from "zod";
type Row = { uuid: string; title?: string };
const Contact = z.object({ id: z.string(), name: z.string().optional(), created: z.date() });
type Contact = z.infer<typeof Contact>;
const Checkpoint = z.object({ updated_after: z.string(), page: z.number(), done: z.boolean() });
const sync = createSync({
  description: "All there is", version: "1.0.0", frequency: "every hour", autoStart: true, syncType: "full", trackDeletes: false,
  endpoints: [{ method: "GET", path: "/contacts", group: "Contacts" }], scopes: ["read"], webhookSubscriptions: ["*"],
  models: { Contact }, metadata: z.object({ region: z.string() }), checkpoint: Checkpoint,
  exec: async (nango) => {
    const checkpoint = await nango.getCheckpoint();
    const { region } = await nango.getMetadata();
    const config: ProxyConfiguration = {
      endpoint: "/contacts", retries: 10, headers: { Accept: "application/json" }, retryOn: [404, 429],
      params: { region, ids: ["1"], limit: 3, ...(checkpoint && { since: checkpoint.updated_after }) },
      paginate: { type: "cursor", cursor_name_in_request: "after", cursor_path_in_response: "paging.after", response_path: "rows", limit: 100, limit_name_in_request: "limit" },
    };
    await nango.trackDeletesStart("Contact");
    for await (const page of nango.paginate<Row>(config)) {
      const rows = page.map((row) => ({ id: row.uuid, name: row.title, created: new Date() }));
      await nango.batchSave(rows, "Contact");
      await nango.batchSave<Contact>(page.map((row) => toContact(row)), "Contact");
      await nango.saveCheckpoint({ updated_after: "now", page: 1, done: false });
    }
    config.paginate = { type: "offset", offset_name_in_request: "skip", offset_calculation_method: "per-page" };
    const response = await nango.get<{ rows: Row[] }>(config);
    const link = response.headers["link"].split(",")[0];
    for (const { title } of response.data.rows) await nango.log(title, { link }, { level: "warn" });
    const stored = await nango.getRecordsByIds(["1", "2"], "Contact");
    const first: string | undefined = stored.get("1")?.name;
    const own = await nango.getRecordsByIds<string, Contact>(["1"], "Contact");
    for await (const record of nango.listRecords("Contact", { cursor: "x" })) {
      await nango.log(record.name ?? first, own.size, record._nango_metadata.last_action);
    }
    await nango.batchDelete([{ id: "1" }, { id: "2", name: "x" }], "Contact");
    await nango.batchDelete<Contact>([{ id: "1" }], "Contact");
    await nango.batchUpdate([{ id: "1", name: "y" }, { id: "2", created: new Date() }], "Contact");
    await nango.batchUpdate<Contact>([{ id: "1", name: "y" }], "Contact");
    await nango.batchSave([{ id: "1", name: "a", created: new Date() }, { id: "2", created: new Date() }], "Contact");
    await nango.setMergingStrategy({ strategy: "ignore_if_modified_after" }, "Contact");
    await nango.updateMetadata({ region: "us" });
    const since = nango.lastSyncDate?.toISOString() ?? nango.variant;
    await help(nango, since);
    const connection = await nango.getConnection();
    const subdomain: string = connection.connection_config["subdomain"];
    if (connection.credentials["type"] === "OAUTH2_CC" || "apiKey" in connection.credentials) await nango.log(subdomain);
    const { deletedKeys } = await nango.trackDeletesEnd("Contact");
    await nango.log(\`\${deletedKeys.length} gone\`);
    await nango.clearCheckpoint();
  },
  onWebhook: async (nango, payload) => {
    await nango.batchSave([{ id: payload.object.id, created: new Date(payload.at) }], "Contact");
  },
  onWebhookBatch: async (nango, payloads) => {
    await nango.batchDelete(payloads.map(({ id }) => ({ id })), "Contact");
  },
});
export type NangoSyncLocal = Parameters<(typeof sync)["exec"]>[0];
export default sync;
const shared = async (nango: NangoSync, base: NangoAction): Promise<void> => {
  await nango.batchSave<Contact>([], "Contact");
  const checkpoint = await base.getCheckpoint();
  await base.log(checkpoint, (await nango.getMetadata()).anything);
};
const narrow = async (nango: Pick<NangoSync, "get" | "paginate">, log: NangoSyncLocal["log"]) => log((await nango.get({ endpoint: "/x" })).data);
const toContact = (row: Row): Contact => ({ id: row.uuid, created: new Date(), ...(row.title ? { name: row.title } : {}) });
async function help(nango: NangoSyncLocal, since: string): Promise<void> {
  await shared(nango, nango);
  await narrow(nango, nango.log);
  const proxyConfig: ProxyConfiguration = { endpoint: "/x", method: "POST", data: { since }, retries: 3 };
  const { data } = await nango.proxy(proxyConfig);
  await nango.batchSave<Contact>(data.anything.at.all, "Contact");
}
`;

const ACTION = `import { createAction, createOnEvent, type NangoAction, type NangoSync } from "syncline";
import * as z from "zod";
const Input = z.object({ id: z.string() });
export const enough = async (nango: NangoAction, other: NangoSync): Promise<string> => {
  await other.batchSave([{ id: "1" }], "Any");
  return (await nango.getMetadata<{ key: string }>()).key;
};
const action = createAction({
  description: "d", version: "1", input: Input, output: z.object({ url: z.string(), note: z.string().optional() }), scopes: [],
  endpoint: { method: "POST", path: "/x" }, metadata: z.void(), checkpoint: z.object({ at: z.string() }),
  exec: async (nango, input) => {
    const parsed = await nango.zodValidateInput({ zodSchema: Input, input });
    if (parsed.data.id === "") throw new nango.ActionError<{ message: string }>({ message: "no id" });
    if (await nango.tryAcquireLock({ key: "k", ttlMs: 1000 })) await nango.releaseLock({ key: "k" });
    const response = await nango.uncontrolledFetch({ url: new URL("https://a.example"), method: "POST", headers: { a: "b" }, body: "x" });
    const page = response.ok ? await response.text() : String(response.headers.get("location"));
    const variables = await nango.getEnvironmentVariables();
    const key = variables?.find(({ name }) => name === "KEY")?.value;
    await nango.triggerSync(nango.providerConfigKey, nango.connectionId, "contacts", "full_refresh");
    await nango.triggerSync("a", "b", { name: "contacts", variant: "eu" }, { reset: true });
    await nango.startSync("a", ["contacts", { name: "x", variant: "eu" }]);
    const sum = await nango.triggerAction<{ a: number }, { sum: number }>("a", "b", "add", { a: 1 });
    nango.setLogger({ level: nango.logger.level === "off" ? "off" : "debug" });
    const token = await nango.getToken();
    if (typeof token !== "string") await nango.log(await nango.getWebhookURL());
    const integration = await nango.getIntegration({ include: ["webhook", "credentials"] });
    await nango.log(await help(nango), await enough(nango, {} as NangoSync));
    return { url: \`\${integration.display_name}\${page}\${key}\${sum.sum}\` };
  },
});
const help = async (nango: NangoActionLocal): Promise<string> => nango.activityLogId;
export type NangoActionLocal = Parameters<(typeof action)["exec"]>[0];
export default action;
export const events = createOnEvent({
  description: "d", event: "post-connection-creation", version: "1", metadata: z.object({ a: z.string() }),
  exec: async (nango) => {
    await nango.setMetadata({ a: nango.connectionId });
  },
});
export const nothing = createAction({ description: "d", input: z.void(), output: z.void(), exec: async (nango) => void (await nango.log("x")) });
export const failed = (error: unknown): number | undefined => (error as { response?: { status: number } }).response?.status;
`;

/** Lines of a sync that must not pass; its checkpoint is { at: string }. */
const WRONG_IN_SYNC = [
  `await nango.batchSave([], "Contacts");`,
  `await nango.batchSave([{ id: 1 }], "Contact");`,
  `await nango.batchDelete([{ name: "x" }], "Contact");`,
  `await nango.trackDeletesStart("Contcat");`,
  `await nango.getRecordsByIds(["1"], "Person");`,
  `await nango.setMergingStrategy({ strategy: "newest" }, "Contact");`,
  `await nango.saveCheckpoint({ page: 1 });`,
  `await nango.saveCheckpoint({ at: 5 });`,
  `await nango.saveCheckpoint({ at: "x", page: 1 });`,
  `await nango.saveCheckpoint({});`,
  `await nango.log((await nango.getCheckpoint())!.since);`,
  `nango.paginate({ endpoint: "/x", paginate: { type: "link", cursor_name_in_request: "c" } });`,
  `nango.paginate({ endpoint: "/x", paginate: { type: "cursor", cursor_name_in_reqest: "c" } });`,
  `nango.paginate({ endpoint: "/x", paginate: { type: "offset", offset_calculation_method: "per-row" } });`,
  `nango.paginate({ endpoint: "/x", paginate: { type: "page" } });`,
  `await nango.get({ url: "/x" });`,
  `await nango.get({ endpoint: "/x", retires: 3 });`,
  `await nango.proxy({ endpoint: "/x", method: "FETCH" });`,
  `await nango.tryAcquireLock({ key: "k" });`,
  `await nango.triggerSync("a", "b", "sync", "full");`,
  `await nango.uncontrolledFetch({ url: "https://a.example" });`,
  `nango.setLogger({ level: "loud" });`,
  `nango.variant = "x";`,
  `await nango.doesNotExist();`,
];

/** And of an action whose input is { a: number }. */
const WRONG_IN_ACTION = [
  `await nango.batchSave([], "Contact");`,
  `await nango.log(input.b);`,
  `await nango.log(nango.variant);`,
];

/** Whole statements that must not pass. */
const WRONG_STATEMENTS = [
  `createSync({ ...base, models: { Contact: z.object({ id: z.number() }) }, exec: async () => {} });`,
  `createSync({ ...base, models: { Contact: z.object({ name: z.string() }) }, exec: async () => {} });`,
  `createSync({ ...base, checkpoint: z.object({ at: z.string().optional() }), exec: async () => {} });`,
  `createSync({ ...base, checkpoint: z.object({ at: z.date() }), exec: async () => {} });`,
  `createSync({ ...base, metadata: z.string(), exec: async () => {} });`,
  `createSync({ ...base, frequency: 5, exec: async () => {} });`,
  `createSync({ models: { Contact }, exec: async () => {} });`,
  `createSync({ ...base });`,
  `createAction({ description: "d", input: z.void(), exec: async () => {} });`,
  `createAction({ description: "d", input: z.void(), output: z.number(), exec: async () => "x" });`,
  `createAction({ description: "d", input: z.void(), output: z.object({ a: z.number() }), exec: async () => ({ b: 1 }) });`,
  `createOnEvent({ description: "d", event: "post-connection", exec: async () => {} });`,
  `const other: ProxyConfiguration = { retries: 3 };`,
  `const more: ProxyConfiguration = { endpoint: "/x", paginate: { type: "link", offset_name_in_request: "o" } };`,
];

const EXPECTED = "// @ts-expect-error\n";

const wrongFile = (): string => {
  const sync = "createSync({ ...base, checkpoint: z.object({ at: z.string() }), exec: async (nango) => {";
  const action = `createAction({ description: "d", input: z.object({ a: z.number() }), output: z.any(), exec: async (nango, input) => {`;
  const used = `export const used = [createOnEvent, createAction, createSync] as const;
    export type Used = [NangoAction, NangoActionLocal, NangoSync, NangoSyncLocal, ProxyConfiguration];`;
  return [
    HEAD,
    ...WRONG_IN_SYNC.map((line) => `${sync}\n${EXPECTED}${line}\n} });`),
    ...WRONG_IN_ACTION.map((line) => `${action}\n${EXPECTED}${line}\nawait nango.log(input.a);\n} });`),
    ...WRONG_STATEMENTS.map((line) => `${EXPECTED}${line}`),
    used,
  ].join("\n");
};

const compile = async (dir: string): Promise<string[]> => {
  const tsc = path.join(ROOT, "node_modules/typescript/bin/tsc");
  const { stdout } = await promisify(execFile)(process.execPath, [tsc, "--noEmit", "--pretty", "false"], {
    cwd: dir,
  }).catch((failed: { stdout: string }) => failed);
  // The SDK's own source is checked elsewhere, under its own settings.
  return stdout.split("\n").filter((line) => /^\w[^(]*\(\d+,\d+\): error/.test(line) && !line.startsWith("src/"));
};

test("files that are right type-check under strict settings, and every mistake the types promise to find is found", async (t) => {
  const dir = await folder(t, {
    "tsconfig.json": CONFIG,
    "package.json": '{ "type": "module" }',
    "acme/syncs/contacts.ts": SYNC,
    "acme/actions/link.ts": ACTION,
    "wrong.ts": wrongFile(),
  });
  await symlink(path.join(ROOT, "node_modules"), path.join(dir, "node_modules"));
  assert.deepEqual(await compile(dir), []);
});
