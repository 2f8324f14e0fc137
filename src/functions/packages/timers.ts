// `timers` for packages in a function.
import { clearImmediate, setImmediate } from "./globals.ts";

const { setTimeout, clearTimeout } = globalThis;

export const replacement = { setTimeout, clearTimeout, setImmediate, clearImmediate };
