// A module that functions do not have, for packages that mention it: it can be imported, taken apart and extended, as many do
// while they load; calling any of it says why that cannot be.

const OWN = ["prototype", "name", "length"];

/** What `extends` and `inherits` ask of a class: a function with a prototype, which an arrow has not. */
const makeTarget = () => {
  function target(): void {}
  return target as unknown as Record<string, unknown>;
};

/** `what` is the module, such as `fs`; any part of it is there and cannot be used. */
export const absent = (what: string): unknown => {
  const refuse = (): never => {
    throw new Error(`A function has no ${what}; requests go through nango.`);
  };
  const parts = new Map<string, unknown>();
  const target = makeTarget();
  return new Proxy(target, {
    apply: refuse,
    construct: refuse,
    get: (given, key) => {
      if (typeof key === "symbol" || key === "then" || key === "__esModule") return undefined;
      if (OWN.includes(key) || Object.hasOwn(given, key) || key in Function.prototype) return given[key];
      if (!parts.has(key)) parts.set(key, absent(what));
      return parts.get(key);
    },
  });
};

/** The same with the parts named, which may then also be listed, as `import *` does. */
export const absentModule = (what: string, names: string[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, absent(what)]));
