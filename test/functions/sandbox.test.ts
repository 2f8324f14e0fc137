import assert from "node:assert/strict";
import { test } from "node:test";
import { poolForFile, recordingHost } from "./isolates.ts";

const { run, runBody } = poolForFile(1);

const resultOf = async (body: string, answers = {}) => {
  const outcome = await runBody(body, { call: recordingHost(answers).call });
  return outcome.ok ? outcome.value : assert.fail(outcome.error.stack ?? outcome.error.message);
};

test("only the promised globals exist beside the language's own", async () => {
  const absent = [
    "process",
    "global",
    "fetch",
    "btoa",
    "setInterval",
    "setImmediate",
    "queueMicrotask",
    "structuredClone",
  ];
  absent.push("TextEncoder", "WebAssembly", "SharedArrayBuffer", "Atomics", "MessageChannel", "performance", "module");
  const present = [
    "Buffer",
    "setTimeout",
    "clearTimeout",
    "URL",
    "URLSearchParams",
    "Error",
    "console",
    "Map",
    "Intl",
    "Promise",
  ];
  const body = (names: string[]) => `return ${JSON.stringify(names)}.map((name) => typeof globalThis[name]);`;
  assert.deepEqual(new Set((await resultOf(body(absent))) as string[]), new Set(["undefined"]));
  assert.ok(!((await resultOf(body(present))) as string[]).includes("undefined"));
});

test("only the allowed modules can be required, with and without node:", async () => {
  const body = `const can = (name) => { try { return typeof require(name); } catch (error) { return error.message; } };
    return ["url", "node:url", "crypto", "node:crypto", "zod", "nango", "syncline", "fs", "node:process", "child_process", "__proto__"].map(can);`;
  const refused = (name: string) => `A function cannot require "${name}".`;
  const objects = Array(7).fill("object");
  assert.deepEqual(await resultOf(body), [
    ...objects,
    ...["fs", "node:process", "child_process", "__proto__"].map(refused),
  ]);
});

test("crypto and url do their work", async () => {
  const body = `const { createHmac } = require("crypto"); const url = require("node:url");
    return [createHmac("sha256", "k").update("x").digest("hex").length, new url.URL("/a", "https://b.example").href, Buffer.from("hi").toString("base64")];`;
  assert.deepEqual(await resultOf(body), [64, "https://b.example/a", "aGk="]);
});

test("text does not become code", async () => {
  const attempts = [
    "eval('1')",
    "new Function('return 1')()",
    "(async () => {}).constructor('return 1')()",
    "setTimeout('1')",
  ];
  for (const attempt of attempts) {
    assert.equal((await runBody(`return ${attempt};`)).ok, false, attempt);
  }
});

// Every object a function can get hold of: its own, the SDK's, what came over the wire, and Node's.
const OBJECTS = [
  "this ?? {}",
  "globalThis",
  "nango.get",
  "nango.ActionError",
  "new nango.ActionError()",
  "await nango.getMetadata()",
  "(await nango.getMetadata()).list",
  "await nango.get({ endpoint: '/' })",
  "nango.get({ endpoint: '/' })",
  "nango.paginate({ endpoint: '/' })",
  "await nango.getConnection().catch((error) => error)",
  "zod",
  "zod.object({})",
  "console.log",
  "require",
  "module",
  "setTimeout",
  "setTimeout(() => {})",
  "Buffer",
  "Buffer.from('a')",
  "Buffer.alloc",
  "URL",
  "new URL('https://a.example')",
  "new URL('https://a.example').searchParams.entries()",
  "URLSearchParams",
  "require('crypto')",
  "require('crypto').createHash('sha1')",
  "require('crypto').createHash('sha1').on",
  "require('crypto').randomBytes(2).buffer",
  "require('url').parse('https://a.example')",
  "(() => { try { Buffer.alloc(-1); } catch (error) { return error; } })()",
  "(() => { try { new URL('x'); } catch (error) { return error; } })()",
  "(() => { try { require('crypto').createHash('none'); } catch (error) { return error; } })()",
  "(() => { try { nango.constructor; } catch (error) { return error; } })()",
  "await import('fs').catch((error) => error)",
];

test("no object leads to the host's process through its constructors", async () => {
  const body = `
    const ways = {
      constructor: (o) => o.constructor.constructor("return process")(),
      prototypes: (o) => { for (let p = o; p != null; p = Object.getPrototypeOf(p)) {
        const c = Object.getOwnPropertyDescriptor(p, "constructor")?.value;
        const f = c?.constructor; if (typeof f === "function") { const made = f("return process"); if (typeof made === "function") return made(); }
      } throw new Error("no way"); },
      functions: (o) => { for (const key of Reflect.ownKeys(o)) {
        const f = Object.getOwnPropertyDescriptor(o, key)?.value;
        if (typeof f === "function") for (let p = f; p != null; p = Object.getPrototypeOf(p)) {
          const c = Object.getOwnPropertyDescriptor(p, "constructor")?.value;
          try { const made = c?.("return process"); if (typeof made === "function") return made(); } catch {}
        }
      } throw new Error("no way"); },
    };
    const escapes = [];
    for (const [way, go] of Object.entries(ways)) {
      for (const [name, object] of Object.entries(objects)) {
        try { const found = go(object); escapes.push(way + " " + name + " " + typeof found); } catch {}
      }
    }
    return escapes;`;
  const objects = OBJECTS.map((expression) => `${JSON.stringify(expression)}: ${expression}`).join(",\n");
  const answers = {
    getMetadata: () => ({ list: [1] }),
    getConnection: () => {
      throw new Error("no connection");
    },
    proxy: () => ({ status: 200, statusText: "OK", headers: {}, data: { list: [] } }),
  };
  assert.deepEqual(await resultOf(`const objects = {\n${objects}\n};\n${body}`, answers), []);
});

test("prototypes that Node's own code looks at take no additions", async () => {
  const body = `const shared = Object.getPrototypeOf(Object.getPrototypeOf(URL.prototype) ?? {}) ?? Object.getPrototypeOf(URL.prototype);
    try { Object.defineProperty(shared, "importModuleDynamically", { value: 1 }); return "added"; } catch { return "refused"; }`;
  assert.equal(await resultOf(body), "refused");
});

test("zod can be imported in each of its ways", async () => {
  const source = `import { z, object as named } from "zod"; import * as all from "zod"; import whole from "zod";
    export default { exec: async () => [z, all, whole, { object: named, string: z.string }].map((zod) =>
      zod.object({ a: zod.string() }).safeParse({ a: "x" }).success && all.z === z) };`;
  assert.deepEqual(await run(source), { ok: true, value: [true, true, true, true] });
});
