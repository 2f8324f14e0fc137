// What the runs of one context share beside the language's own: the modules they import. Named for the guard that compares
// it after each run, down to what only an instance leads to.
import * as zod from "zod";
import { ActionError } from "./errors.ts";

type Constructor = { init: (instance: object, definition: object) => void; prototype: object };

const isConstructor = (value: unknown): value is Constructor =>
  typeof value === "function" && Object.hasOwn(value, "init") && Object.hasOwn(value, Symbol.hasInstance);

/** zod's instances keep their inner side in `_zod`, whose prototype is shared by all of a type and stands nowhere else. */
const innerPrototype = ({ init }: Constructor): unknown => {
  const instance = Object.create({}) as { _zod?: object };
  try {
    init(instance, {});
  } catch {
    // most types want more of a definition; by then the inner side is made
  }
  return instance._zod && Object.getPrototypeOf(instance._zod);
};

/** zod completes a type's prototype when the type is first used. What many functions use is complete from the start. */
const useCommonTypes = (): unknown => {
  const { z } = zod;
  const text = z.string().min(1).max(9).email().regex(/./).trim().optional().nullable().default("a").describe("a");
  const kinds = [z.literal("a"), z.enum(["a", "b"]), z.boolean(), z.null(), z.undefined(), z.any(), z.unknown()];
  const times = [z.date(), z.iso.datetime(), z.iso.date(), z.coerce.date(), z.coerce.number(), z.coerce.string()];
  const formats = [z.email(), z.url(), z.uuid(), z.int(), z.string().url(), z.string().uuid(), z.string().datetime()];
  const lists = [z.array(z.number().int().min(0)).min(1), z.tuple([z.string()]), z.record(z.string(), z.bigint())];
  const cases = [z.object({ t: z.literal("a") }), z.object({ t: z.literal("b") })] as const;
  const unions = [z.union([z.string(), z.number()]), z.discriminatedUnion("t", cases)];
  const other = [z.void(), z.never(), z.lazy(() => z.string()), z.intersection(cases[0], z.object({ u: z.string() }))];
  const rare = [
    z.preprocess(String, z.string()),
    z.custom(),
    z.map(z.any(), z.any()),
    z.set(z.any()),
    z.nan(),
    z.bigint(),
  ];
  const more = [z.ipv4(), z.base64(), z.jwt(), z.cuid(), z.e164(), z.iso.time(), z.iso.duration(), z.guid(), z.json()];
  const changed = [
    z.string().transform(Number),
    z.string().refine(Boolean),
    z.string().pipe(z.string()),
    z.string().prefault(""),
    z.string().optional().nonoptional(),
  ];
  const shape = {
    text,
    a: z.union([...kinds, ...times, ...formats, ...lists, ...unions, ...other, ...rare, ...more, ...changed]),
  };
  const whole = z.object(shape).partial().extend({ b: z.string() }).strict().passthrough().catch({ b: "" }).readonly();
  whole.safeParse({ text: "a", a: [], b: "b" });
  z.object(shape).safeParse({ text: 1 });
  z.array(z.object({ id: z.string() })).parse([{ id: "a" }]);
  z.toJSONSchema(z.object({ a: z.string() }));
  return z.string().safeParse(1).error;
};

const withoutTraces = <T>(work: () => T): T => {
  const saved = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // of the 150 errors thrown here nobody reads any
  try {
    return work();
  } finally {
    Error.stackTraceLimit = saved;
  }
};

/** Most of zod's functions make no objects: the prototype that each would get when looked at would only be one more to guard. */
const dropPrototype = (value: unknown): void => {
  if (typeof value === "function" && Object.hasOwn(value, "prototype")) Reflect.set(value, "prototype", null);
};

const exported = (): unknown[] => [...Object.values(zod.core), ...Object.values(zod)];

/** The registry's maps are new ones for each run: behind getters that changes nothing of the registry itself. */
const hideRegistryMaps = (): void => {
  const registry = zod.globalRegistry as unknown as Record<string, unknown>;
  for (const name of ["_map", "_idmap"]) {
    let current = registry[name];
    const set = (value: unknown): void => {
      current = value;
    };
    Object.defineProperty(registry, name, { get: () => current, set, enumerable: true });
  }
};

/** Objects that lead to everything shared beside `provided`, and of these the prototypes that zod itself still completes. */
export const sharedByRuns = (provided: unknown[]): { roots: unknown[]; unfinished: unknown[] } => {
  const error = useCommonTypes() as object;
  hideRegistryMaps();
  const types = exported().filter(isConstructor);
  const namespaces = [zod, zod.core, zod.util, zod.locales].flatMap((one) => Object.values(one));
  for (const value of namespaces) if (!isConstructor(value)) dropPrototype(value);
  const unfinished = [
    ...withoutTraces(() => types.map(innerPrototype)),
    ...types.map(({ prototype }) => prototype),
    zod.core.globalConfig,
    zod.globalRegistry,
  ];
  return { roots: [...provided, zod, error, ...types, ActionError, ...unfinished], unfinished };
};

/** What the last run said of its schemas, and the text it matched last (`RegExp.input`). */
export const forgetLastRun = (): void => {
  zod.globalRegistry.clear();
  /^/.test("");
};
