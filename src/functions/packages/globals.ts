// The names that packages take for granted and a function's world does not have.
import { absent } from "./absent.ts";

export { replacement as process } from "./process.ts";

type Work = (...args: unknown[]) => void;

export const setImmediate = (work: Work, ...args: unknown[]) => setTimeout(work, 0, ...args);
export const clearImmediate = (timer: number): void => clearTimeout(timer);

export const queueMicrotask = (work: () => void): void => {
  Promise.resolve().then(work);
};

/** Where there is none, some packages make code of text, which an isolate refuses. */
export const navigator = { product: "function", userAgent: "function" };

const http = absent("http");

export { http as fetch, http as XMLHttpRequest };

/** Code made for browsers looks here. */
export const window = Object.assign(Object.create(globalThis), { fetch: http });
