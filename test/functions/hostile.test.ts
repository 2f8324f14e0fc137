// Functions that mean no good, or are only badly wrong: each ends its own run with an error that says why, and no other.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { IsolateOutcome } from "../../src/functions/protocol.ts";
import { poolForFile, recordingHost } from "./isolates.ts";

const MEMORY_MB = 64;
// The less is allowed the sooner a function is over it: to fill 320 MB takes seconds of the processor.
const LITTER_MB = 48;
const CPU = { betweenCallsMs: 300, totalMs: 60_000 };
const { runBody } = poolForFile(3, MEMORY_MB);
const { runBody: runGreedy } = poolForFile(1, MEMORY_MB, { litterMb: LITTER_MB });
const { runBody: runBusy } = poolForFile(1, MEMORY_MB, { cpu: CPU });

const MEMORY = { type: "function_runtime_out_of_memory", message: /^The function used more than 64 MB of memory\.$/ };
const BUSY = {
  type: "function_runtime_out_of_cpu",
  message: /^The function used more than 0\.3 s of processor time without a call\.$/,
};
const internal = (message: RegExp) => ({ type: "script_internal_error", message });

type Hostile = { name: string; body: string; type: string; message: RegExp };

const HOSTILE: Hostile[] = [
  { name: "a busy loop", body: "for (;;) {}", ...BUSY },
  { name: "a regular expression that backtracks for ever", body: `/^(a+)+$/.test("a".repeat(50) + "b");`, ...BUSY },
  {
    name: "promises that keep the event loop",
    body: "const f = () => void Promise.resolve().then(f); f(); await new Promise(() => {});",
    ...BUSY,
  },
  {
    name: "promises left behind that keep the event loop",
    body: "const f = async () => { for (;;) await null; }; f();",
    ...BUSY,
  },
  { name: "a sort that never ends", body: "for (;;) new Array(1e6).fill(0).map(Math.random).sort();", ...BUSY },
  { name: "objects without end", body: "const all = []; for (;;) all.push({ a: all.length });", ...MEMORY },
  { name: "an array of numbers without end", body: "const all = []; for (;;) all.push(1);", ...MEMORY },
  { name: "a map without end", body: "const all = new Map(); for (let i = 0; ; i++) all.set(i, i);", ...MEMORY },
  {
    name: "a text without end",
    body: `let s = "abcdefghij"; const all = []; for (;;) { s += s.slice(0, 5e6); all.push(s); s.charCodeAt(5); }`,
    ...MEMORY,
  },
  {
    name: "a gigabyte of buffers",
    body: "const all = []; for (let i = 0; i < 1024; i++) all.push(Buffer.alloc(2 ** 20, 1));",
    ...MEMORY,
  },
  {
    name: "a gigabyte of typed arrays",
    body: "const all = []; for (let i = 0; i < 1024; i++) all.push(new Float64Array(2 ** 17).fill(1));",
    ...MEMORY,
  },
  {
    name: "memory that grows slowly, between calls",
    body: "const all = []; for (;;) { await nango.getMetadata(); all.push(Buffer.alloc(2 ** 20, 1)); }",
    ...MEMORY,
  },
  {
    name: "a million calls that nobody awaits",
    body: `const big = "x".repeat(200); for (let i = 0; i < 1e6; i++) nango.getMetadata(big);`,
    ...MEMORY,
  },
  { name: "logs without end", body: `for (;;) nango.log("again");`, ...MEMORY },
  {
    name: "a call that carries too much",
    body: `await nango.post({ endpoint: "/", data: "x".repeat(2 ** 26) });`,
    ...internal(/a call carries at most 64 MB/),
  },
  { name: "process.exit", body: "process.exit(1);", ...internal(/process is not defined/) },
  {
    name: "a promise that never settles",
    body: "await new Promise(() => {});",
    ...internal(/something that can never happen/),
  },
  {
    name: "a thenable that never settles",
    body: "return { then() {} };",
    ...internal(/something that can never happen/),
  },
  { name: "a rejection that nobody handles", body: `Promise.reject(new Error("alone"));`, ...internal(/^alone$/) },
  { name: "endless recursion", body: "const f = () => f() + 1; f();", ...internal(/Maximum call stack size exceeded/) },
  {
    name: "endless recursion of getters",
    body: "const o = { get a() { return this.a; } }; return o;",
    ...internal(/Maximum call stack/),
  },
  { name: "null thrown", body: "throw null;", ...internal(/^null$/) },
  { name: "a text thrown", body: `throw "just so";`, ...internal(/^just so$/) },
  {
    name: "an object thrown whose every property throws",
    body: "throw new Proxy({}, { get() { throw 1; }, has() { throw 1; }, getPrototypeOf() { throw 1; } });",
    ...internal(/no readable form/),
  },
  {
    name: "an error thrown that cannot be read",
    body: `throw Object.defineProperty(new Error(), "message", { get() { throw 1; } });`,
    ...internal(/no readable form/),
  },
  {
    name: "an error with a message of a gigabyte's making",
    body: `throw new Error("x".repeat(2 ** 24));`,
    ...internal(/^x{10000} \.\.\.$/),
  },
  {
    name: "an error that is no plain data",
    body: "throw Object.assign(new Error('odd'), { code: () => {}, name: Symbol('n') });",
    ...internal(/odd|no readable form/),
  },
  { name: "a result that is no data", body: "return 1n;", ...internal(/bigint/) },
  { name: "a result that is circular", body: "const a = {}; a.a = a; return a;", ...internal(/circular/) },
  {
    name: "more iterations of a key derivation than anybody waits for",
    body: `require("crypto").pbkdf2Sync("a", "b", 1e9, 64, "sha512");`,
    ...internal(/at most 10000000 iterations/),
  },
  {
    name: "a key derivation of more memory than anybody has",
    body: `require("crypto").scryptSync("a", "b", 64, { N: 2 ** 24, r: 8, maxmem: 2 ** 40 });`,
    ...internal(/at most a cost/),
  },
];

const errorOf = (outcome: IsolateOutcome) => (outcome.ok ? { type: "ok", message: "" } : outcome.error);

const RUN: { [type: string]: typeof runBody } = { [MEMORY.type]: runGreedy, [BUSY.type]: runBusy };

for (const { name, body, type, message } of HOSTILE) {
  test(`ends its own run: ${name}`, async () => {
    const [hostile, neighbour] = await Promise.all([
      (RUN[type] ?? runBody)(body),
      runBody(`for (let i = 0; i < 20; i++) await nango.getMetadata(); return "fine";`),
    ]);
    assert.equal(errorOf(hostile).type, type);
    assert.match(errorOf(hostile).message, message);
    assert.deepEqual(neighbour, { ok: true, value: "fine" });
    assert.deepEqual(await runBody("return 1;"), { ok: true, value: 1 });
  });
}

test("calls beyond those under way wait inside, keep their order, and carry what they were given", async () => {
  const open: (() => void)[] = [];
  let most = 0;
  const answer = () =>
    new Promise((resolve) => {
      open.push(() => resolve(true));
      most = Math.max(most, open.length);
      setImmediate(() => open.shift()?.());
    });
  const { call, calls } = recordingHost({ batchSave: answer });
  const outcome = await runBody(
    `const row = { id: "0" }; for (let i = 0; i < 1000; i++) { row.id = String(i); nango.batchSave([row], "Row"); }`,
    { call },
  );
  assert.equal(outcome.ok, true);
  assert.ok(most <= 256, `${most} at a time`);
  const ids = calls.map(([, rows]) => (rows as { id: string }[])[0]?.id);
  assert.deepEqual(
    ids,
    Array.from({ length: 1000 }, (_, i) => String(i)),
  );
});

test("garbage is no use of memory: a function that makes much of it and keeps little goes on", async () => {
  const body = `let sum = 0; for (let i = 0; i < 60; i++) { const rows = Array.from({ length: 20000 }, (_, n) => ({ id: "row" + n })); sum += rows.length; Buffer.alloc(4e6, 1); if (i % 10 === 0) await nango.getMetadata(); } return sum;`;
  assert.deepEqual(await runBody(body), { ok: true, value: 1_200_000 });
});
