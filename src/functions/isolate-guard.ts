// Whether what the runs of one thread share is still as it was. Each run has its own modules, but `Array.prototype` and zod
// are there for all: a run that changed them could read the next one's rows, or break it. What nobody has a reason to change
// is frozen; the rest is compared after each run (0.2 ms), and when anything differs the whole context is replaced.
// Not everything is frozen, because a frozen prototype also refuses `error.name = "..."` on what inherits from it.
// Runs outside the context, on objects that functions cannot reach: what they patch is not what compares.

const { freeze, hasOwn, is } = Object;
const { apply, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;

type Key = string | symbol;

/** What of an object can still change without a trace in `values`: its keys, its prototype, and what `loose` describes. */
type Held = {
  object: object;
  prototype: object | null;
  keyCount: number;
  values: [Key, unknown][];
  loose: [Key, PropertyDescriptor][];
};

/**
 * What is done with an object: `freeze` when nobody assigns to what inherits from it; `lock` keeps its properties from being
 * redefined, so that comparing their values is enough, which costs a fifth; `compare` leaves it alone.
 */
export type Care = "freeze" | "lock" | "compare";

export type Guard = ReturnType<typeof createGuard>;

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";

/** `Function.prototype`, a function too, is the one with a `call` of its own. */
const isMethod = (object: object): boolean =>
  typeof object === "function" && !hasOwn(object, "prototype") && !hasOwn(object, "call");

/** The values of a module's exports stand behind getters without setters; asking others (`size` of no map) only throws. */
const shownBy = (object: object, { get, set, value }: PropertyDescriptor): unknown => {
  if (get === undefined || set !== undefined) return value;
  try {
    return apply(get, object, []);
  } catch {
    return undefined;
  }
};

/** V8 speeds up iterating and awaiting for as long as nobody has redefined these. */
const DELICATE = new Set<Key>(["constructor", "next", "then", "resolve", "exec", "flags", "toString", "valueOf"]);

const isLocked = (key: Key, { configurable }: PropertyDescriptor): boolean =>
  configurable !== true && typeof key === "string" && !DELICATE.has(key);

const lock = (object: object): void => {
  for (const key of ownKeys(object)) {
    if (typeof key === "string" && !DELICATE.has(key)) defineProperty(object, key, { configurable: false });
  }
};

const hold = (object: object, care: Care): Held => {
  if (care === "lock") lock(object);
  const all = ownKeys(object).map((key): [Key, PropertyDescriptor] => [key, getOwnPropertyDescriptor(object, key)!]);
  const locked = new Set(all.filter(([key, one]) => care === "lock" && isLocked(key, one)));
  return {
    object,
    prototype: getPrototypeOf(object),
    keyCount: all.length,
    values: [...locked].filter(([, { writable }]) => writable === true).map(([key, { value }]) => [key, value]),
    loose: all.filter((one) => !locked.has(one)),
  };
};

/** Most of what is guarded: 6,000 methods that have nothing but a length and a name, which lead nowhere. */
const isBare = (keys: Key[]): boolean => keys.length === 2 && keys[0] === "length" && keys[1] === "name";

const pushParts = (object: object, queue: unknown[]): void => {
  queue.push(getPrototypeOf(object));
  const keys = ownKeys(object);
  if (isMethod(object) && isBare(keys)) return; // reading those too would take a tenth of a thread's start
  for (const key of keys) {
    const descriptor = getOwnPropertyDescriptor(object, key)!;
    queue.push(descriptor.get, descriptor.set, shownBy(object, descriptor));
  }
};

const isSame = (now: PropertyDescriptor | undefined, before: PropertyDescriptor): boolean =>
  now !== undefined && is(now.value, before.value) && now.get === before.get && now.set === before.set;

const isUnchanged = ({ object, prototype, keyCount, values, loose }: Held): boolean => {
  if (getPrototypeOf(object) !== prototype || ownKeys(object).length !== keyCount) return false;
  for (const [key, value] of values) if (!is((object as Record<Key, unknown>)[key], value)) return false;
  for (const [key, descriptor] of loose) if (!isSame(getOwnPropertyDescriptor(object, key), descriptor)) return false;
  return true;
};

/** `add` puts more under guard, without what `other` guards; `isUntouched` says whether all of it is as it was then. */
export const createGuard = (other?: { has: (object: object) => boolean }) => {
  const known = new Set<object>();
  const compared: Held[] = [];
  const has = (object: object): boolean => known.has(object) || (other?.has(object) ?? false);

  /** All that `roots` lead to by properties, getters and prototypes; methods are always frozen. */
  const add = (roots: readonly unknown[], careOf: (object: object) => Care): void => {
    const queue = [...roots];
    const left: [object, Care][] = [];
    while (queue.length > 0) {
      const next = queue.pop();
      if (!isObject(next) || has(next)) continue;
      known.add(next);
      const care = isMethod(next) ? "freeze" : careOf(next);
      pushParts(next, queue);
      if (care === "freeze") freeze(next);
      else left.push([next, care]);
    }
    for (const [object, care] of left) compared.push(hold(object, care)); // after all getters were asked
  };

  return { add, has, isUntouched: (): boolean => compared.every(isUnchanged) };
};
