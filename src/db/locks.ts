// Bindings of sql/25_lock.sql: locks that functions take.
import { z } from "zod";
import { fn, value } from "./fn.ts";

const fence = { run: "bigint", token: "bigint" } as const;

export const tryAcquireLock = fn("try_acquire_lock", { ...fence, key: "text", ttlMs: "float8" }, value(z.boolean()));
export const releaseLock = fn("release_lock", { ...fence, key: "text" }, value(z.boolean()));
export const releaseLocks = fn("release_locks", fence, value(z.number()));
