// `util` for packages in a function: the parts that libraries use.

type Work = (...args: unknown[]) => unknown;
type Made = { prototype: object };

const CUSTOM = Symbol.for("nodejs.util.promisify.custom");
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

const isA =
  (tag: string) =>
  (value: unknown): boolean =>
    Object.prototype.toString.call(value) === `[object ${tag}]`;

const inherits = (made: Made, from: Made): void => {
  Object.defineProperty(made, "super_", { value: from, writable: true, configurable: true });
  Object.setPrototypeOf(made.prototype, from.prototype);
};

const inspect = Object.assign(
  (value: unknown): string => {
    if (typeof value === "string") return `'${value}'`;
    if (typeof value === "function") return `[Function: ${value.name}]`;
    if (isA("Error")(value)) return String((value as Error).stack ?? value);
    try {
      return JSON.stringify(value) ?? String(value);
    } catch {
      return Object.prototype.toString.call(value);
    }
  },
  { custom: INSPECT },
);

const asText = (value: unknown): string => (typeof value === "string" ? value : inspect(value));

const format = (first?: unknown, ...rest: unknown[]): string => {
  if (typeof first !== "string") return [first, ...rest].map(asText).join(" ");
  const text = first.replace(/%[sdifjoO%]/g, (mark) => {
    if (mark === "%%") return "%";
    if (rest.length === 0) return mark;
    const value = rest.shift();
    return mark === "%s"
      ? asText(value)
      : mark === "%d" || mark === "%i" || mark === "%f"
        ? String(Number(value))
        : inspect(value);
  });
  return [text, ...rest.map(asText)].join(" ");
};

const promisify = Object.assign(
  (work: Work & { [CUSTOM]?: Work }): Work =>
    work[CUSTOM] ??
    function (this: unknown, ...args: unknown[]) {
      return new Promise((resolve, reject) => {
        const done = (error: unknown, value: unknown): void => (error ? reject(error) : resolve(value));
        work.call(this, ...args, done);
      });
    },
  { custom: CUSTOM },
);

const callbackify =
  (work: Work): Work =>
  (...args) => {
    const done = args.pop() as Work;
    Promise.resolve(work(...args)).then((value) => done(null, value), done);
  };

const deprecate = <T>(work: T): T => work;
const debuglog = (): Work => () => {};
const debug = debuglog;
const isDeepStrictEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const isArray = Array.isArray;
const isDate = isA("Date");
const isRegExp = isA("RegExp");
const isError = isA("Error");
const isString = (value: unknown): boolean => typeof value === "string";
const isFunction = (value: unknown): boolean => typeof value === "function";
const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;

const types = {
  isDate,
  isRegExp,
  isNativeError: isError,
  isUint8Array: isA("Uint8Array"),
  isAnyArrayBuffer: isA("ArrayBuffer"),
  isArrayBuffer: isA("ArrayBuffer"),
  isPromise: isA("Promise"),
  isMap: isA("Map"),
  isSet: isA("Set"),
  isAsyncFunction: isA("AsyncFunction"),
};

export const replacement = {
  inherits,
  inspect,
  format,
  promisify,
  callbackify,
  deprecate,
  debuglog,
  debug,
  isDeepStrictEqual,
  isArray,
  isDate,
  isRegExp,
  isError,
  isString,
  isFunction,
  isObject,
  types,
};
