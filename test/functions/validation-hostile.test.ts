// A function's schema is as hostile as its code: it may cost its own run, and leads nowhere that code does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { context, poolForFile, recordingHost } from "./isolates.ts";

const { run } = poolForFile(2);

const enforced = { ...context, validation: "enforce" } as const;

const sync = (models: string, body: string): string => `import { createSync } from "nango"; import { z } from "zod";
  export default createSync({ description: "d", frequency: "every hour", models: { Thing: ${models} }, exec: async (nango) => {
    ${body}
  } });`;

test("a regular expression without end costs its own run only", async () => {
  const { promise: started, resolve } = Promise.withResolvers<void>();
  const { call } = recordingHost({ log: () => resolve() });
  const body = `await nango.log("on"); await nango.batchSave([{ id: "a".repeat(60) + "!" }], "Thing");`;
  const stuck = run(sync(`z.object({ id: z.string().regex(/^(a|a)*$/) })`, body), {
    call,
    context: enforced,
    timeoutMs: 3000,
  });
  await Promise.race([started, stuck]);
  const other = await run(
    sync(`z.object({ id: z.string() })`, `await nango.batchSave([{ id: "1" }], "Thing"); return 5;`),
    {
      context: enforced,
    },
  );
  assert.deepEqual(other, { ok: true, value: 5 });
  const outcome = await stuck;
  assert.equal(outcome.ok ? "ok" : outcome.error.type, "execution_timeout");
});

test("a schema too large to compile costs its own run only", async () => {
  const deep = `Array.from({ length: 5000 }).reduce((inner) => z.array(inner), z.string())`;
  const body = `await nango.batchSave([{ id: "1" }], "Thing");`;
  const outcome = await run(sync(`z.object({ id: z.string(), deep: ${deep} })`, body), { context: enforced });
  assert.ok(!outcome.ok);
  assert.equal((await run(sync(`z.object({ id: z.string() })`, body), { context: enforced })).ok, true);
});

// Names that would break out of generated code if they were put there as they are.
test("what stands in a schema never becomes code", async () => {
  const evil = JSON.stringify(`"]; globalThis.broken = 1; //\\u2028\`\${globalThis.broken = 1}`);
  const schema = `z.object({ id: z.string(), [${evil}]: z.literal(${evil}), e: z.enum([${evil}]).optional(),
    r: z.record(z.string(), z.number()).describe(${evil}).optional() }).meta({ title: ${evil}, $comment: ${evil} })`;
  const body = `await nango.batchSave([{ id: "1", [${evil}]: ${evil} }], "Thing"); return typeof globalThis.broken;`;
  assert.deepEqual(await run(sync(schema, body), { context: enforced }), { ok: true, value: "undefined" });
});

// The validator is loaded after the function's first lines: it works with built-ins that the function has replaced.
const SPY = `
  const seen = [];
  const see = (one) => { if (seen.length < 50_000) seen[seen.length] = one; };
  const { apply, construct } = Reflect;
  const owners = [Object, Reflect, Array.prototype, String.prototype, RegExp.prototype, Map.prototype, Set.prototype, Function.prototype, JSON];
  const kept = owners.map((owner) => Object.getOwnPropertyDescriptors(owner));
  const spyOn = (owner, key, { value, writable }) => {
    if (typeof value !== "function" || !writable || key === "constructor") return;
    owner[key] = function (...args) {
      if (new.target !== undefined) return construct(value, args);
      see(this);
      for (let at = 0; at < args.length; at++) see(args[at]);
      const given = apply(value, this, args);
      see(given);
      return given;
    };
  };
  for (const [at, owner] of owners.entries()) for (const key of Object.keys(kept[at])) spyOn(owner, key, kept[at][key]);
  try { await nango.batchSave([{ id: "1", at: "x" }], "Thing"); } catch (error) { see(error); }
  for (let at = 0; at < owners.length; at++) for (const key in kept[at]) if (kept[at][key].writable) owners[at][key] = kept[at][key].value;
  const rootOf = (one) => { for (let p = one; ; p = Object.getPrototypeOf(p)) if (Object.getPrototypeOf(p) === null) return p; };
  const objects = [...new Set(seen)].filter((one) => typeof one === "function" || (typeof one === "object" && one !== null));
  const foreign = objects.filter((one) => ![one, Object.prototype].includes(rootOf(one))).map((one) => String(one));
  return { many: objects.length > 1000, foreign };`;

test("nothing of the realm outside is in sight of a function that spies on the validator", async () => {
  const outcome = await run(sync(`z.object({ id: z.string(), at: z.iso.datetime() })`, SPY), { context: enforced });
  assert.deepEqual(outcome, { ok: true, value: { many: true, foreign: [] } });
});

test("a function that breaks the built-ins the report uses still ends", async () => {
  const body = `await nango.batchSave([{ id: 1 }], "Thing"); Array.prototype.reduce = () => { throw new Error("broken"); }; return 7;`;
  const warned = { ...context, environmentId: 2, validation: "warn" } as const;
  assert.deepEqual(await run(sync(`z.object({ id: z.string() })`, body), { context: warned }), { ok: true, value: 7 });
});
