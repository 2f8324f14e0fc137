// `assert` for packages in a function.

type Says = string | Error | undefined;

const fail = (message: Says, otherwise = "Failed"): never => {
  throw message instanceof Error ? message : Object.assign(new Error(message ?? otherwise), { code: "ERR_ASSERTION" });
};

const assert = (value: unknown, message?: Says): void => {
  if (!value) fail(message, "The value is not true.");
};

const check =
  (isFine: (actual: unknown, expected: unknown) => boolean, otherwise: string) =>
  (actual: unknown, expected: unknown, message?: Says): void => {
    if (!isFine(actual, expected)) fail(message, otherwise);
  };

const isLike = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
// biome-ignore lint/suspicious/noDoubleEquals: what assert.equal promises
const isLoose = (a: unknown, b: unknown): boolean => a == b;
const not = (test: typeof Object.is) => (a: unknown, b: unknown) => !test(a, b);

const assertions = {
  ok: assert,
  fail,
  equal: check(isLoose, "The values are not equal."),
  notEqual: check(not(isLoose), "The values are equal."),
  strictEqual: check(Object.is, "The values are not the same."),
  notStrictEqual: check(not(Object.is), "The values are the same."),
  deepEqual: check(isLike, "The values are not alike."),
  deepStrictEqual: check(isLike, "The values are not alike."),
};

export const replacement = Object.assign(assert, assertions, { strict: Object.assign(assert, assertions) });
