// Ways out of the isolate, as known from sandboxes that had them. Each body returns what it got hold of; it must get nothing:
// undefined, null, false, or an error. A new way is a new line.
import { builtinModules } from "node:module";

// `leads(object)` is the host's process, if any function that the object leads to compiles text or is a way there.
export const PRELUDE = `
  const leads = (start) => {
    const seen = new Set(), queue = [start];
    while (queue.length > 0 && seen.size < 5000) {
      const next = queue.pop();
      if (next === null || (typeof next !== "object" && typeof next !== "function") || seen.has(next)) continue;
      seen.add(next);
      if (typeof next === "function") {
        for (const make of [() => next("return process")(), () => new next("return process")()]) {
          if (!/^(Async|Generator)*Function$/.test(next.name)) continue;
          try { const found = make(); if (found?.versions?.node) return found; } catch {}
        }
      }
      if (next?.versions?.node !== undefined && next.pid !== undefined) return next;
      queue.push(Object.getPrototypeOf(next));
      for (const key of Reflect.ownKeys(next)) {
        const { value, get, set } = Object.getOwnPropertyDescriptor(next, key) ?? {};
        queue.push(value, get, set);
      }
    }
  };
  const caught = (work) => { try { work(); } catch (error) { return error; } };
  const tried = async (work) => { try { return await work(); } catch (error) { return error; } };
`;

/** What the host answers meanwhile. */
export const ANSWERS = {
  proxy: () => ({ status: 200, statusText: "OK", headers: { a: "b" }, data: { list: [{ id: 1 }] } }),
  getMetadata: () => ({ list: [1], when: new Date(0), map: new Map([[1, 2]]), bytes: Buffer.from("a") }),
  getConnection: () => {
    throw Object.assign(new Error("no"), { code: "unknown_connection", payload: { a: [1] } });
  },
};

const OBJECTS: string[] = [
  ..."globalThis this nango console setTimeout clearTimeout Buffer URL URLSearchParams zod require module exports".split(
    " ",
  ),
  "nango.get nango.log nango.paginate nango.batchSave nango.ActionError nango.zodValidateInput nango.logger".split(" "),
  ["Buffer.from('a')", "Buffer.from('a').buffer", "Buffer.alloc(1).values()", "Buffer.from([1]).entries().next()"],
  [
    "new URL('https://a.example/?b')",
    "new URL('https://a.example/?b').searchParams.entries()",
    "require('url').parse('https://a.example')",
  ],
  [
    "require('crypto')",
    "require('crypto').constants",
    "require('crypto').createHash('sha1')",
    "require('crypto').createHash('sha1').copy().digest()",
  ],
  [
    "require('crypto').createCipheriv('aes-256-gcm', Buffer.alloc(32), Buffer.alloc(12))",
    "require('crypto').createSecretKey(Buffer.alloc(8))",
  ],
  [
    "require('crypto').createSign('sha256').update('a')",
    "require('crypto').randomBytes(1)",
    "require('crypto').getHashes()",
  ],
  [
    "await nango.get({ endpoint: '/' })",
    "nango.get({ endpoint: '/' })",
    "await nango.getMetadata()",
    "nango.getMetadata()",
  ],
  [
    "nango.paginate({ endpoint: '/' })",
    "nango.paginate({ endpoint: '/' }).next()",
    "nango.listRecords('A')",
    "nango.getRecordsByIds(['1'], 'A')",
  ],
  [
    "await tried(() => nango.getConnection())",
    "caught(() => nango.constructor)",
    "caught(() => nango.__proto__)",
    "await tried(() => nango.get())",
  ],
  [
    "caught(() => Buffer.alloc(-1))",
    "caught(() => Buffer.from(1))",
    "caught(() => new URL('x'))",
    "caught(() => require('fs'))",
    "caught(() => require())",
  ],
  [
    "caught(() => require('crypto').createHash('none'))",
    "caught(() => require('crypto').createSecretKey(1))",
    "caught(() => require('crypto').randomBytes(-1))",
  ],
  [
    "caught(() => { const f = () => f(); f(); })",
    "caught(() => setTimeout(1))",
    "caught(() => Buffer.from('a').readInt32BE(0))",
    "caught(() => zod.string().parse(1))",
  ],
  [
    "import('fs')",
    "await tried(() => import('fs'))",
    "await tried(() => import('data:text/javascript,export default 1'))",
    "setTimeout(() => {})",
  ],
  ["new Error().stack", "Symbol.iterator", "new Proxy({}, {})", "new WeakRef({})", "Intl", "Reflect", "arguments"],
  [
    "(function () { return this; })()",
    "(async () => {})()",
    "(function* () {})()",
    "(async function* () {})()",
    "[].values()",
    "new Intl.Collator().compare",
  ],
].flat();

type Way = { name: string; body: string };

const prepared = (inspect: string): string =>
  `let found; Error.prepareStackTrace = (error, sites) => { found = ${inspect}; return ""; };`;

export const WAYS: Way[] = [
  ...OBJECTS.map((expression) => ({ name: `what leads from ${expression}`, body: `return leads(${expression});` })),
  ...[
    "process",
    "global",
    "globalThis.process",
    "require.main",
    "module.constructor",
    "module.parent",
    "require.cache",
  ].map((path) => ({
    name: path,
    body: `return ${path} !== undefined && ${path} !== Object ? String(${path}) : undefined;`,
  })),
  ...builtinModules
    .flatMap((name) => [name, `node:${name}`])
    .filter((name) => !/^(node:)?(crypto|url)$/.test(name))
    .map((name) => ({ name: `require ${name}`, body: `return require(${JSON.stringify(name)});` })),
  ...[
    "fetch",
    "WebSocket",
    "EventSource",
    "XMLHttpRequest",
    "MessageChannel",
    "MessagePort",
    "BroadcastChannel",
    "Worker",
  ].map((name) => ({
    name: `${name} as a global`,
    body: `return globalThis.${name};`,
  })),
  ...[
    "SharedArrayBuffer",
    "Atomics",
    "WebAssembly",
    "FinalizationRegistry",
    "structuredClone",
    "queueMicrotask",
    "gc",
    "ShadowRealm",
  ].map((name) => ({
    name: `${name} as a global`,
    body: `return globalThis.${name};`,
  })),
  { name: "eval", body: `return eval("1");` },
  { name: "indirect eval", body: `return (0, globalThis.eval)("1");` },
  { name: "new Function", body: `return new Function("return 1")();` },
  { name: "a function's constructor", body: `return (() => {}).constructor("return 1")();` },
  { name: "an async function's constructor", body: `return (async () => {}).constructor("return 1")();` },
  { name: "a generator's constructor", body: `return (function* () {}).constructor("yield 1")().next();` },
  { name: "an async generator's constructor", body: `return (async function* () {}).constructor("yield 1")().next();` },
  { name: "a text for setTimeout", body: `return setTimeout("globalThis.a = 1");` },
  { name: "import of a file", body: `return (await import("/etc/passwd")).default;` },
  { name: "import of a module of Node", body: `return (await import("node:fs")).default;` },
  {
    name: "shared memory through wasm",
    body: `return new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer;`,
  },
  {
    name: "what shared memory's absence hides",
    body: `return Object.getPrototypeOf(Int32Array.prototype).buffer?.constructor.name === "SharedArrayBuffer";`,
  },
  {
    name: "a stack's functions",
    body: `${prepared("sites.map((one) => one.getFunction()).find((one) => one !== undefined && leads(one))")} new Error().stack; return found;`,
  },
  {
    name: "a stack's this",
    body: `${prepared("sites.map((one) => one.getThis()).find((one) => one !== undefined && leads(one))")} new Error().stack; return found;`,
  },
  { name: "a stack's sites", body: `${prepared("leads(sites) ?? leads(sites[0])")} new Error().stack; return found;` },
  {
    name: "a stack made by the host",
    body: `${prepared("leads(sites) ?? leads(error)")} await tried(() => nango.getConnection()); caught(() => Buffer.alloc(-1)).stack; return found;`,
  },
  {
    name: "a stack's captured object",
    body: `const o = {}; ${prepared("leads(sites)")} Error.captureStackTrace(o); o.stack; return found;`,
  },
  {
    name: "the caller of a callback",
    body: `let f; [1].forEach(function inner() { f = inner.caller; }); return leads(f);`,
  },
  {
    name: "the callee of a callback",
    body: `return await new Promise((resolve) => setTimeout(function () { try { resolve(leads(arguments.callee.caller)); } catch { resolve(); } }, 1));`,
  },
  {
    name: "what a getter on a sent value sees",
    body: `let found; const o = { get a() { found = leads(new Error()); return 1; } }; await nango.setMetadata(o); return found;`,
  },
  {
    name: "what toJSON sees",
    body: `let found; await nango.setMetadata({ toJSON: function () { found = leads(this) ?? leads(arguments); return {}; } }); return found;`,
  },
  {
    name: "what a proxy of a sent value sees",
    body: `let found; const spy = (...args) => { found ??= leads(args); return undefined; };
      await tried(() => nango.post({ endpoint: "/", data: new Proxy({}, { get: spy, has: spy, ownKeys: () => { spy(); return []; } }) })); return found;`,
  },
  {
    name: "what toPrimitive of a request sees",
    body: `let found; const odd = { [Symbol.toPrimitive]: (...args) => { found = leads(args); return "/"; } };
      await tried(() => nango.get({ endpoint: odd })); await tried(() => nango.get({ endpoint: "/", params: { a: odd }, headers: { b: odd } })); return found;`,
  },
  {
    name: "what a species sees",
    body: `let found; class Odd extends Promise { static get [Symbol.species]() { return function (run) { found = leads(run); return new Promise(run); }; } }
      await Odd.resolve(1).then(() => {}); await nango.getMetadata.call(Odd); return found;`,
  },
  {
    name: "what a patched promise sees",
    body: `let found; const then = Promise.prototype.then;
      Promise.prototype.then = function (...args) { found ??= leads(this) ?? leads(args); return then.apply(this, args); };
      Object.defineProperty(Promise.prototype, "constructor", { get() { found ??= leads(this); return undefined; } });
      await nango.getMetadata(); await nango.get({ endpoint: "/" }); return found;`,
  },
  {
    name: "what patched maps and arrays of the SDK see",
    body: `let found; const spy = (name, holder) => { const was = holder[name]; holder[name] = function (...args) { found ??= leads(this) ?? leads(args); return was.apply(this, args); }; };
      for (const name of ["get", "set", "delete"]) spy(name, Map.prototype); for (const name of ["map", "push", "filter", "slice"]) spy(name, Array.prototype);
      await nango.getMetadata(); await nango.log("a"); await tried(() => nango.getConnection()); return found;`,
  },
  {
    name: "setters on all objects",
    body: `let found; for (const name of ["port", "onmessage", "resolve", "kind", "data", "call"]) {
        Object.defineProperty(Object.prototype, name, { configurable: true, set(value) { found ??= leads(this) ?? leads(value); Object.defineProperty(this, name, { value, writable: true, configurable: true, enumerable: true }); } });
      } await nango.getMetadata(); await nango.get({ endpoint: "/" }); return found;`,
  },
  {
    name: "options that Node would look for on prototypes",
    body: `for (const name of ["importModuleDynamically", "env", "shell", "cachedData"]) Object.prototype[name] = () => leads(this);
      return leads(await tried(() => import("fs")));`,
  },
  {
    name: "an error as a thenable",
    body: `return leads(await tried(() => nango.setMetadata({ then: (resolve) => resolve(resolve) })));`,
  },
  {
    name: "a clone that is no plain value",
    body: `return leads(await tried(() => nango.getConnection(Symbol("a"), () => {}, new Proxy(() => {}, {}))));`,
  },
  {
    name: "a buffer over memory that is not its own",
    body: `return Buffer.from("a").buffer.byteLength > 1 || Buffer.from([1, 2]).buffer.byteLength > 2 || Buffer.concat([Buffer.from("a")]).buffer.byteLength > 1;`,
  },
  {
    name: "memory that was not cleared",
    body: `for (let i = 0; i < 200; i++) if (Buffer.allocUnsafe(10000).some(Boolean) || Buffer.allocUnsafeSlow(100).some(Boolean) || new Buffer(100).some(Boolean)) return true;`,
  },
  {
    name: "memory that was not cleared, after asking for a pool",
    body: `try { Buffer.poolSize = 8192; } catch {} return Buffer.from("a").buffer.byteLength > 1;`,
  },
  {
    name: "a key object that turns into another",
    body: `const key = require("crypto").createSecretKey(Buffer.alloc(8)); return leads(key.constructor) ?? leads(key.export());`,
  },
  { name: "a file as a key", body: `return require("crypto").createPrivateKey(new URL("file:///etc/passwd"));` },
  { name: "a blob's address", body: `return URL.createObjectURL({});` },
  {
    name: "what stands behind the facade",
    body: `for (const name of ["nango", "persistClient", "locking", "telemetryBag", "abortSignal", "lifecycle", "constructor"]) if (name in nango) return name;
      return leads(Object.getOwnPropertyDescriptors(nango)) ?? Object.getPrototypeOf(nango);`,
  },
  {
    name: "the facade's own handler",
    body: `let found; const was = Reflect.get; Reflect.get = (...args) => { found = args; return was(...args); }; nango.get; nango.x = 1; return leads(found);`,
  },
];
