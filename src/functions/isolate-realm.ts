// What functions get of the thread's own realm, and how that realm is made safe to hand out: Buffer, URL and crypto are
// its objects, and `process` is in its reach.
import url from "node:url";
import { createCrypto } from "./isolate-crypto.ts";
import type { Guard } from "./isolate-guard.ts";

const URL_NAMES = ["URL", "URLSearchParams", "domainToASCII", "domainToUnicode", "format", "parse", "resolve"] as const;

/** No function leads to a `Function` that compiles text in this realm. */
const removeConstructors = (): void => {
  const kinds = [() => {}, async () => {}, function* () {}, async function* () {}];
  for (const kind of kinds) delete (Object.getPrototypeOf(kind) as { constructor?: unknown }).constructor;
};

/** Memory that was not cleared may hold anything of the whole process; small buffers would share it with other runs. */
const clearBuffers = (): void => {
  const alloc = (size: number): Buffer => Buffer.alloc(size);
  Object.assign(Buffer, { poolSize: 0, allocUnsafe: alloc, allocUnsafeSlow: alloc });
};

const thrown = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (error) {
    return error;
  }
};

// Node's own code assigns to objects that inherit from these.
const INHERITED = [Object, Function, Array, Promise, Error, TypeError, RangeError, SyntaxError].map(
  (one) => one.prototype,
);

/** What is handed to functions, after the whole of what it leads to is frozen, or put under `guard` where Node would mind. */
export const openRealm = (guard: Guard) => {
  removeConstructors();
  clearBuffers();
  const crypto = createCrypto();
  const { URL: Url, ...urls } = Object.fromEntries(URL_NAMES.map((name) => [name, url[name]]));
  const urlModule = Object.freeze({ URL: Url, ...urls });
  const globals = { Buffer, URL, URLSearchParams };
  const key = thrown(() => (crypto.createSecretKey as (key: Buffer) => unknown)(Buffer.alloc(8)));
  const instances = [key, new URL("https://a.example"), new URLSearchParams("a=b").entries(), Buffer.alloc(1)];
  const { Url: LegacyUrl } = url as unknown as { Url: { prototype: object } }; // what parse gives
  const prototypes = [LegacyUrl.prototype, ...instances.map((one) => Object.getPrototypeOf(one))];
  const errors = [thrown(() => new URL("")), thrown(() => Buffer.alloc(-1)), new SyntaxError(), new EvalError()];
  const intrinsics = [[].values(), new Map().entries(), Promise.resolve(), function* () {}, async () => {}];
  for (const shared of [Object, Function, Array, Promise]) Object.preventExtensions(shared.prototype);
  const roots = [crypto, urlModule, ...Object.values(globals), ...prototypes, ...errors, ...intrinsics];
  guard.add(roots, (object) => (INHERITED.includes(object as never) ? "compare" : "freeze"));
  const modules = { url: urlModule, "node:url": urlModule, crypto, "node:crypto": crypto };
  return { globals, modules };
};
