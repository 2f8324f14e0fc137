// What one run changes reaches no other, though both run in one thread: the language's own objects, zod, what Node provides.
import assert from "node:assert/strict";
import { test } from "node:test";
import { poolForFile, recordingHost } from "./isolates.ts";

const { run, runBody } = poolForFile(1);

/** `spoil` runs first; `isSpoilt` is an expression of the second run, which must be false there. */
type Change = { name: string; spoil: string; isSpoilt: string };

const inner = "Object.getPrototypeOf(zod.string()._zod)";
const host = "Object.getPrototypeOf(Object.getPrototypeOf(new URL('https://a.example')))"; // of the thread's own realm

const CHANGES: Change[] = [
  {
    name: "a method of arrays",
    spoil: "Array.prototype.map = () => 'spoilt';",
    isSpoilt: "[1].map((x) => x) === 'spoilt'",
  },
  {
    name: "then of promises",
    spoil:
      "const then = Promise.prototype.then; Promise.prototype.then = function (...a) { globalThis.spy = 1; return then.apply(this, a); };",
    isSpoilt: "Promise.prototype.then.toString().includes('spy')",
  },
  { name: "JSON", spoil: "JSON.stringify = () => 'spoilt';", isSpoilt: "JSON.stringify(1) === 'spoilt'" },
  {
    name: "maps",
    spoil: "Map.prototype.set = function () { return this; };",
    isSpoilt: "new Map().set(1, 1).size === 0",
  },
  {
    name: "a getter on all objects",
    spoil: "Object.defineProperty(Object.prototype, 'id', { get: () => 'spoilt', configurable: true });",
    isSpoilt: "({}).id === 'spoilt'",
  },
  { name: "a property of all functions", spoil: "Function.prototype.spoilt = true;", isSpoilt: "(() => {}).spoilt" },
  {
    name: "a prototype's prototype",
    spoil: "Object.setPrototypeOf(Map.prototype, { spoilt: true });",
    isSpoilt: "new Map().spoilt",
  },
  {
    name: "what makes stacks",
    spoil: "Error.prepareStackTrace = () => 'spoilt';",
    isSpoilt: "new Error().stack === 'spoilt'",
  },
  { name: "the length of stacks", spoil: "Error.stackTraceLimit = 0;", isSpoilt: "Error.stackTraceLimit === 0" },
  {
    name: "generators",
    spoil: "Object.getPrototypeOf(function* () {}).prototype.next = () => 'spoilt';",
    isSpoilt: "(function* () {})().next() === 'spoilt'",
  },
  {
    name: "iterators of arrays",
    spoil: "Object.getPrototypeOf([].values()).next = () => ({ done: true });",
    isSpoilt: "[...[1]].length === 0",
  },
  { name: "a global", spoil: "globalThis.Number = () => 'spoilt';", isSpoilt: "Number(1) === 'spoilt'" },
  {
    name: "a new global that cannot be deleted",
    spoil: "Object.defineProperty(globalThis, 'spoilt', { value: true });",
    isSpoilt: "globalThis.spoilt",
  },
  {
    name: "the globals of the SDK",
    spoil: "globalThis.console = { log: 'spoilt' }; globalThis.setTimeout = 'spoilt';",
    isSpoilt: "console.log === 'spoilt' || setTimeout === 'spoilt'",
  },
  { name: "the console's methods", spoil: "console.log = () => 'spoilt';", isSpoilt: "console.log() === 'spoilt'" },
  {
    name: "what was matched last",
    spoil: "/secret of customer 1/.test('secret of customer 1');",
    isSpoilt: "(RegExp.input + RegExp.lastMatch).includes('secret')",
  },
  { name: "something kept on a method", spoil: "[].map.kept = 1;", isSpoilt: "[].map.kept" },
  { name: "something kept on a class", spoil: "Map.kept = 1;", isSpoilt: "Map.kept" },
  {
    name: "zod's settings",
    spoil: "zod.config({ customError: () => 'spoilt' });",
    isSpoilt: "zod.string().safeParse(1).error.issues[0].message === 'spoilt'",
  },
  {
    name: "zod's hook for all schemas",
    spoil: "globalThis.__zod_globalConfig.postProcessor = () => { globalThis.spoilt = 1; };",
    isSpoilt: "(zod.string(), globalThis.spoilt)",
  },
  {
    name: "a method of a zod type",
    spoil: "zod.ZodString.prototype.parse = () => 'spoilt';",
    isSpoilt: "zod.string().parse('a') === 'spoilt'",
  },
  {
    name: "the inner side of a zod type",
    spoil: `Object.defineProperty(${inner}, "kept", { value: 1 });`,
    isSpoilt: `${inner}.kept`,
  },
  {
    name: "zod's errors",
    spoil: "Object.getPrototypeOf(zod.string().safeParse(1).error).kept = 1;",
    isSpoilt: "zod.string().safeParse(1).error.kept",
  },
  {
    name: "zod's registry",
    spoil: "zod.globalRegistry.get = () => 'spoilt';",
    isSpoilt: "zod.globalRegistry.get(zod.string()) === 'spoilt'",
  },
  {
    name: "something said of what is shared",
    spoil: "zod.globalRegistry.add(zod.object, { kept: 1 });",
    isSpoilt: "zod.globalRegistry.has(zod.object)",
  },
  {
    name: "schemas with ids",
    spoil: "zod.string().meta({ id: 'kept' });",
    isSpoilt: "zod.globalRegistry._idmap.has('kept')",
  },
  {
    name: "zod's regular expressions",
    spoil: "zod.regexes.email.exec = () => 'spoilt';",
    isSpoilt: "zod.regexes.email.exec === 'spoilt' || Object.hasOwn(zod.regexes.email, 'exec')",
  },
  {
    name: "something kept on a function of zod",
    spoil: "zod.object.kept = 1; zod.object.prototype.kept = 1;",
    isSpoilt: "zod.object.kept || zod.object.prototype?.kept",
  },
  {
    name: "something kept in a module",
    spoil: "zod.kept = 1; require('zod').kept = 1; require('syncline').kept = 1;",
    isSpoilt: "zod.kept || require('zod').kept || require('syncline').kept",
  },
  {
    name: "a class of the SDK",
    spoil: "nango.ActionError.prototype.kept = 1; nango.ActionError.kept = 1;",
    isSpoilt: "nango.ActionError.prototype.kept || nango.ActionError.kept",
  },
  { name: "Buffer", spoil: "Buffer.from = () => 'spoilt';", isSpoilt: "Buffer.from('a') === 'spoilt'" },
  {
    name: "buffers",
    spoil: "Buffer.prototype.toString = () => 'spoilt';",
    isSpoilt: "Buffer.from('a').toString() === 'spoilt'",
  },
  {
    name: "the memory of small buffers",
    spoil: "Buffer.poolSize = 8192; Buffer.from('secret of customer 1');",
    isSpoilt: "Buffer.from(Buffer.from('a').buffer).includes('secret') || Buffer.from('a').buffer.byteLength > 1",
  },
  {
    name: "URL",
    spoil: "URL.prototype.toJSON = () => 'spoilt'; URL.kept = 1;",
    isSpoilt: "new URL('https://a.example').toJSON() === 'spoilt' || URL.kept",
  },
  { name: "objects of the realm outside", spoil: `${host}.kept = 1;`, isSpoilt: `${host}.kept` },
  {
    name: "a method of the realm outside",
    spoil: `${host}.hasOwnProperty = () => 'spoilt';`,
    isSpoilt: "new URL('https://a.example').hasOwnProperty('a') === 'spoilt'",
  },
  {
    name: "crypto",
    spoil: "require('crypto').createHash = 1; require('crypto').createHash.kept = 1;",
    isSpoilt: "require('crypto').createHash.kept",
  },
];

for (const { name, spoil, isSpoilt } of CHANGES) {
  test(`one run's change is no other run's: ${name}`, async () => {
    await runBody(`try { ${spoil} } catch {}`, { timeoutMs: 2_000 }); // some changes break the run that makes them
    const [first] = spoil.split(";");
    const seen = await runBody(`return Boolean(${isSpoilt});`);
    assert.deepEqual(seen, { ok: true, value: false }, first);
  });
}

test("text that ends its function early is refused, so it declares nothing for others", async () => {
  const bundle = "}); const Promise = 1; (function () {";
  assert.equal((await run("", { bundle, hash: "a1" })).ok, false);
  assert.deepEqual(await runBody("return typeof Promise;"), { ok: true, value: "function" });
});

test("a bundle's own function is made anew for each run", async () => {
  const bundle = "const me = arguments.callee; me.runs = (me.runs ?? 0) + 1; exports.exec = () => me.runs;";
  const counts = [await run("", { bundle, hash: "b1" }), await run("", { bundle, hash: "b1" })];
  assert.deepEqual(counts, Array(2).fill({ ok: true, value: 1 }));
});

test("what a run leaves behind does not go on in the next one's time", async () => {
  const { call, calls } = recordingHost();
  const left = `
    const again = () => { nango.log("left behind"); setTimeout(again, 1); };
    setTimeout(again, 1);
    nango.getMetadata().then(() => setTimeout(again, 1));
    (async () => { for (let i = 0; i < 50; i++) { await nango.getMetadata(); } })();`;
  await runBody(left, { call });
  const before = calls.length;
  const next = recordingHost();
  const body = `await new Promise((resolve) => setTimeout(resolve, 20)); await nango.log("mine");`;
  assert.equal((await runBody(body, { call: next.call })).ok, true);
  assert.equal(calls.length, before);
  assert.deepEqual(
    next.calls.map(([, line]) => (line as { message: string }).message),
    ["mine"],
  );
});

test("a run's own changes hold while it runs, also a new method of arrays", async () => {
  const body = `Array.prototype.last = function () { return this.at(-1); }; await nango.getMetadata(); return [1, 2].last();`;
  assert.deepEqual([await runBody(body), await runBody(body)], Array(2).fill({ ok: true, value: 2 }));
});

test("what honest functions do with inherited names works", async () => {
  const body = `
    class Problem extends Error { constructor(m) { super(m); this.name = "Problem"; this.toString = () => "p"; } }
    class Bag extends Map { get(key) { return super.get(key) ?? 0; } }
    function Old() {} Old.prototype.toString = () => "old"; Old.prototype.constructor = Old;
    const bare = {}; bare.toString = () => "bare"; bare.valueOf = () => 1; bare.constructor = 1; bare.hasOwnProperty = 1;
    const list = [1]; list.map = 1; const when = new Date(0); when.toJSON = () => "when";
    const error = new zod.ZodError([]); error.name = "x"; const refusal = new nango.ActionError({ a: 1 }); refusal.message = "y";
    const data = Buffer.from("a"); data.extra = 1;
    return [new Problem("m").name, String(new Old()), String(bare), new Bag().get(1), JSON.stringify(when), error.name, refusal.message];`;
  assert.deepEqual(await runBody(body), { ok: true, value: ["Problem", "old", "bare", 0, '"when"', "x", "y"] });
});
