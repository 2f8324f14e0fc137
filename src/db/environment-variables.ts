// Bindings of sql/56_environment_variable.sql: what functions of an environment may read, sealed with its key.
import { z } from "zod";
import { fn, rows, value } from "./fn.ts";

const Variable = z.object({
  name: z.string(),
  value_sealed: z.instanceof(Buffer),
  created_at: z.string(),
  updated_at: z.string(),
});

/** A variable; its value is sealed for `environmentVariablePlace`. */
export type EnvironmentVariable = z.infer<typeof Variable>;

export const setEnvironmentVariable = fn(
  "set_environment_variable",
  { environment: "int", name: "text", valueSealed: "bytea" },
  value(z.boolean()),
);
export const listEnvironmentVariables = fn("list_environment_variables", { environment: "int" }, rows(Variable));
export const deleteEnvironmentVariable = fn(
  "delete_environment_variable",
  { environment: "int", name: "text" },
  value(z.boolean()),
);
