// What `syncline test` is tried on: syncs and actions with their fixtures.

/** A sync whose exec has this body; it stores `Row`. */
export const sync = (body: string, options = ""): string => `
import { createSync, ProxyConfiguration } from "nango";
import * as z from "zod";

export const sync = createSync({
  description: "a sync",
  frequency: "every hour",
  autoStart: true,
  ${options}
  models: { Row: z.object({ id: z.string(), v: z.any() }) },
  exec: async (nango) => {
    const save = (v: unknown, id = "1") => nango.batchSave([{ id, v }], "Row");
    ${body}
  },
});
export default sync;
`;

export const saves = (v: unknown, rest: object = {}): object => ({
  nango: { batchSave: { Row: [{ id: "1", v }] } },
  ...rest,
});

export type Cases = { [name: string]: { body: string; fixture: object | string | null; options?: string } };

export const PASSING: Cases = {
  pages: {
    body: `
      await nango.trackDeletesStart("Row");
      const seen = [];
      const settings = { type: "cursor", cursor_name_in_request: "cursor", cursor_path_in_response: "next", response_path: "items" };
      for await (const page of nango.paginate({ endpoint: "/items", params: { limit: 2 }, paginate: settings })) {
        seen.push(...page);
        await nango.saveCheckpoint({ at: String(page[0]) });
      }
      await save(seen);
      await nango.clearCheckpoint();
      await nango.trackDeletesEnd("Row");`,
    options: "trackDeletes: true, checkpoint: z.object({ at: z.string() }),",
    fixture: saves([1, 2, 3], {
      api: {
        get: {
          "/items": [
            { response: { items: [3] }, request: { params: { limit: "2", cursor: "p2" } } },
            { response: { items: [1, 2], next: "p2" }, request: { params: { limit: "2" } } },
          ],
        },
      },
    }),
  },
  "what-it-is-told": {
    body: `
      const said = [];
      for (const ask of [nango.getMetadata, nango.getConnection]) {
        try { said.push(await ask()); } catch (error) { said.push([error.message, error instanceof Error]); }
      }
      await save([...said, await nango.getCheckpoint(), "fixtureProvider" in nango, "dryRun" in nango]);`,
    options: "checkpoint: z.object({ at: z.string() }),",
    fixture: saves(
      [["Missing mock data for getMetadata", true], { connection_config: { a: 1 } }, { at: "x" }, false, false],
      {
        connection: { connection_config: { a: 1 } },
        checkpoint: { at: "x" },
      },
    ),
  },
  "frozen-clock": {
    body: `
      const before = new Date();
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      await save([before, Date.now(), Date(), new Intl.DateTimeFormat("en").format()]);`,
    fixture: saves(
      [
        "2026-01-02T03:04:05.678Z",
        1767323045678,
        "Fri Jan 02 2026 03:04:05 GMT+0000 (Coordinated Universal Time)",
        "1/2/2026",
      ],
      { clock: "2026-01-02T03:04:05.678Z" },
    ),
  },
  "waits-for-nothing": {
    body: `
      const fired = [];
      const deadline = Date.now() + 3_600_000;
      for (const ms of [300, 100, 200]) setTimeout(() => fired.push(ms), ms);
      let looks = 0;
      while (Date.now() < deadline) { looks += 1; await new Promise((resolve) => setTimeout(resolve, 60_000)); }
      await save([fired, looks]);`,
    fixture: saves([[100, 200, 300], 60]),
  },
  "refusal-is-thrown": {
    body: `
      try { await nango.get({ endpoint: "/x", retries: 10 }); }
      catch (error) { await save([error.response.status, error.response.data, error.isAxiosError]); }`,
    fixture: saves([404, { m: 1 }, true], { api: { get: { "/x": { response: { m: 1 }, status: 404 } } } }),
  },
  "refusal-is-an-answer": {
    body: `await save((await nango.get({ endpoint: "/x", retries: 10 })).status);`,
    fixture: saves(429, { api: { get: { "/x": { response: {}, status: 429 } } } }),
  },
  "ids-and-checkpoints-of-any-kind": {
    body: `
      await nango.saveCheckpoint({ at: "x".repeat(5000), more: { deep: [null] } } as any);
      const { deletedKeys } = await nango.trackDeletesEnd("Row");
      await nango.batchSave([{ v: 1 }, { v: 2 }, { id: "", v: 3 }] as any, "Row");
      await save([(await nango.getCheckpoint()).more, deletedKeys]);`,
    options: "checkpoint: z.object({ at: z.string() }),",
    fixture: {
      nango: {
        trackDeletesEnd: { deletedKeys: ["a"] },
        batchSave: { Row: [{ v: 1 }, { v: 2 }, { id: "", v: 3 }, { id: "1", v: [{ deep: [null] }, ["a"]] }] },
      },
    },
  },
  "day-of-the-recording": {
    body: `await save((await nango.get({ endpoint: "/rates/" + new Date().toISOString().slice(0, 10) })).data);`,
    fixture: saves(1, { api: { get: { "/rates/2026-04-04": { response: 1 } } } }),
  },
  "time-of-the-recording": {
    body: `
      const since = new Date(Date.now() - 86_400_000).toISOString();
      await save((await nango.get({ endpoint: "/x", params: { since } })).data);`,
    fixture: saves(1, {
      api: { get: { "/x": { response: 1, request: { params: { since: "2026-04-04T13:50:17.103Z" } } } } },
    }),
  },
};

export const FAILING: Cases = {
  "wrong-value": { body: `await save({ a: { b: [1, 2] } });`, fixture: saves({ a: { b: [1, 3] } }) },
  "wrong-id": { body: `await save(1, "2");`, fixture: saves(1) },
  "wrong-request": {
    body: `await nango.get({ endpoint: "/x", params: { a: "1", b: "2" } });`,
    fixture: saves(1, { api: { get: { "/x": { response: 1, request: { params: { a: "1", b: "3" } } } } } }),
  },
  "not-deleted": {
    body: `await save(1);`,
    fixture: { nango: { batchSave: { Row: [{ id: "1", v: 1 }] }, batchDelete: { Row: [{ id: "9" }] } } },
  },
  throws: { body: `throw new nango.ActionError({ message: "no account" });`, fixture: saves(1) },
  "bad-fixture": { body: `await save(1);`, fixture: "{" },
  "bad-text": { body: "createSync({", fixture: saves(1) },
  "bad-import": { body: `import { x } from "../nowhere.js"; createSync(x);`, fixture: saves(1) },
  "bad-frequency": { body: sync("").replace("every hour", "every moon"), fixture: saves(1) },
};

/** An action whose exec has this body. */
export const action = (body: string): string => `
import { createAction } from "nango";
import { z } from "zod";

export default createAction({
  description: "an action",
  input: z.object({ id: z.string() }),
  output: z.any(),
  exec: async (nango, input) => {
    ${body}
  },
});
`;

export const ACTIONS: { [name: string]: [body: string, fixture: object] } = {
  right: [
    `const { data } = await nango.post({ endpoint: "/x", data: input });
     return { at: new Date(0), id: data.id, not: undefined };`,
    {
      input: { id: "7" },
      output: { id: 1, at: "1970-01-01T00:00:00.000Z" },
      api: { post: { "/x": { response: { id: 1 }, request: { data: { id: "7" } } } } },
    },
  ],
  nothing: ["", { input: { id: "7" } }],
  wrong: ["return { a: [input.id] };", { input: { id: "7" }, output: { a: ["8"] } }],
  unrecorded: ["return 1;", { input: { id: "7" } }],
  refuses: [`throw new nango.ActionError({ message: "no " + input.id });`, { input: { id: "7" }, output: {} }],
};
