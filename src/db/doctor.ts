// Binding of sql/86_doctor.sql.
import { z } from "zod";
import { fn, rows } from "./fn.ts";

export const checkServer = fn(
  "check_server",
  { now: "timestamptz" },
  rows(z.object({ name: z.string(), verdict: z.enum(["ok", "warn", "fail"]), detail: z.string() })),
);
