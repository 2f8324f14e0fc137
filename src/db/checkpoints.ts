// Bindings of sql/30_checkpoint.sql: what a function remembers for its next run.
import { z } from "zod";
import { fn, nothing, value } from "./fn.ts";

const fence = { run: "bigint", token: "bigint" } as const;

export const getCheckpoint = fn(
  "get_checkpoint",
  { run: "bigint" },
  value(z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).nullable()),
);
export const saveCheckpoint = fn("save_checkpoint", { ...fence, value: "jsonb" }, value(z.boolean()));
export const clearCheckpoint = fn("clear_checkpoint", fence, nothing());
export const isIncremental = fn("is_incremental", { run: "bigint" }, value(z.boolean()));
