// Whether what the runs of one thread share is still as it was. Each run has its own modules, but `Array.prototype` and zod
// are there for all: a run that changed them could read the next one's rows, or break it. What nobody has a reason to change
// is frozen; the rest is compared after each run (0.3 ms), and when anything differs the whole context is replaced.
// Not everything is frozen, because a frozen prototype also refuses `error.name = "..."` on what inherits from it.
// Runs outside the context, on objects that functions cannot reach: what they patch is not what compares.

const { freeze, hasOwn, is } = Object;
const { apply, getOwnPropertyDescriptor, getPrototypeOf, ownKeys } = Reflect;

type Key = string | symbol;

type Held = { object: object; prototype: object | null; keys: Key[]; descriptors: PropertyDescriptor[] };

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

const hold = (object: object): Held => {
  const keys = ownKeys(object);
  const descriptors = keys.map((key) => getOwnPropertyDescriptor(object, key)!);
  return { object, prototype: getPrototypeOf(object), keys, descriptors };
};

const pushParts = (object: object, queue: unknown[]): void => {
  queue.push(getPrototypeOf(object));
  for (const key of ownKeys(object)) {
    const descriptor = getOwnPropertyDescriptor(object, key)!;
    queue.push(descriptor.get, descriptor.set, shownBy(object, descriptor));
  }
};

const isSame = (now: PropertyDescriptor | undefined, before: PropertyDescriptor): boolean =>
  now !== undefined && is(now.value, before.value) && now.get === before.get && now.set === before.set;

const isUnchanged = ({ object, prototype, keys, descriptors }: Held): boolean => {
  if (getPrototypeOf(object) !== prototype || ownKeys(object).length !== keys.length) return false;
  for (let at = 0; at < keys.length; at++) {
    if (!isSame(getOwnPropertyDescriptor(object, keys[at]!), descriptors[at]!)) return false;
  }
  return true;
};

/** `add` puts more under guard, without what `other` guards; `isUntouched` says whether all of it is as it was then. */
export const createGuard = (other?: { has: (object: object) => boolean }) => {
  const known = new Set<object>();
  const compared: Held[] = [];
  const has = (object: object): boolean => known.has(object) || (other?.has(object) ?? false);

  /**
   * All that `roots` lead to by properties, getters and prototypes. `mayFreeze` says of an object, methods aside, that nobody
   * assigns to what inherits from it.
   */
  const add = (roots: readonly unknown[], mayFreeze: (object: object) => boolean): void => {
    const queue = [...roots];
    const left: object[] = [];
    while (queue.length > 0) {
      const next = queue.pop();
      if (!isObject(next) || has(next)) continue;
      known.add(next);
      const isFrozen = isMethod(next) || mayFreeze(next);
      pushParts(next, queue);
      if (isFrozen) freeze(next);
      else left.push(next);
    }
    compared.push(...left.map(hold)); // after all getters were asked
  };

  return { add, has, isUntouched: (): boolean => compared.every(isUnchanged) };
};
