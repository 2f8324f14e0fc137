// What honest functions do with zod leaves the context as it was: else each of their runs would pay for a new one.
import assert from "node:assert/strict";
import { test } from "node:test";
import vm from "node:vm";
import { createGuard } from "../../src/functions/isolate-guard.ts";
import { buildRuntimeCode } from "../../src/functions/isolate-runtime-code.ts";
import type { Bridge, startRuntime } from "../../src/functions/sdk/runtime.ts";

const guarded = async () => {
  const { sdk } = await buildRuntimeCode({ withValidator: false });
  const context = vm.createContext(vm.constants.DONT_CONTEXTIFY);
  const start = new vm.Script(sdk.code).runInContext(context) as typeof startRuntime;
  const port = { start: () => {}, postMessage: () => {}, onmessage: null };
  const host = { port, timers: {}, nextTurn: () => {}, rest: () => {}, isRealmUntouched: () => true };
  const { shared } = start({ ...host, compile: () => () => {}, globals: {}, modules: {} } as unknown as Bridge);
  const guard = createGuard();
  const unfinished = new Set(shared.unfinished);
  const zod = shared.roots[0];
  guard.add([context], (object) => (object === context ? "compare" : "lock"));
  guard.add(shared.roots, (object) => (unfinished.has(object) ? "lock" : "freeze"));
  const inContext = (code: string): unknown => vm.runInContext(`(zod) => {${code}}`, context)(zod);
  return { guard, inContext };
};

test("common schemas, their errors and their JSON schemas touch nothing that runs share", async () => {
  const { guard, inContext } = await guarded();
  inContext(`
    const Address = zod.object({ street: zod.string().min(1).max(80), zip: zod.string().regex(/^\\\\d+$/).optional() });
    const Row = zod.object({
      id: zod.string(), n: zod.number().int().positive().nullable(), at: zod.string().datetime(), on: zod.iso.date().nullish(),
      tags: zod.array(zod.string()).default([]), kind: zod.enum(["a", "b"]), any: zod.any(), more: zod.record(zod.string(), zod.unknown()),
      either: zod.union([zod.string(), zod.number()]), by: zod.discriminatedUnion("t", [zod.object({ t: zod.literal("x") }), zod.object({ t: zod.literal("y") })]),
      address: Address.partial(), mail: zod.string().email(), link: zod.url(), uid: zod.uuid(), when: zod.coerce.date(), day: zod.date().optional(),
    });
    Row.extend({ b: zod.boolean() }).omit({ id: true }).pick({ b: true }).safeParse({});
    Row.safeParse({ id: 1 }).error.issues.map(({ message }) => message);
    try { Row.parse(null); } catch (error) { String(error); error.message; error.name = "other"; zod.treeifyError(error); zod.prettifyError(error); }
    zod.array(Row).safeParse([{}]); zod.looseObject({}).parse({ a: 1 }); zod.strictObject({}).safeParse({ a: 1 });
    zod.string().transform((text) => text.length).parse("a"); zod.string().refine((text) => text !== "").safeParse("");
    zod.string().superRefine((text, ctx) => ctx.addIssue("no")).safeParse(""); zod.preprocess(String, zod.string()).parse(1);
    zod.toJSONSchema(zod.object({ id: zod.string().describe("its id").meta({ a: 1 }) }));`);
  assert.equal(guard.isUntouched(), true);
});

test("a change is seen, and its undoing too", async () => {
  const { guard, inContext } = await guarded();
  inContext("Array.prototype.mapped = Array.prototype.map;");
  assert.equal(guard.isUntouched(), false);
  inContext("delete Array.prototype.mapped;");
  assert.equal(guard.isUntouched(), true);
});
