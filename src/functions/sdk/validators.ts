// The validators of one thread: a schema becomes a function once for each function file, when something is first checked.
import type { z } from "zod";
import { toJsonSchema, toTakenSchema } from "./json-schema.ts";
import type { Compile } from "./modules.ts";
import { toPlain } from "./plain.ts";
import type { createValidator, Validate } from "./validator.ts";

/** Evaluates Ajv's script in this context: what it gives wants a `Function`, because text cannot become code in here. */
export type LoadValidator = () => (makeFunction: unknown) => typeof createValidator;

export type Validators = ReturnType<typeof createValidators>;

const createMakeFunction = (compile: Compile) =>
  function makeFunction(...parts: string[]): unknown {
    const body = parts.pop();
    const code = `return function (${parts.join()}) {\n${body}\n};`;
    try {
      return compile(code, "validator.cjs")({ exports: {} }, {}, () => undefined);
    } catch {
      throw new Error("Its code cannot be compiled."); // what was thrown is of the realm outside
    }
  };

/** A schema that cannot be used is a problem of every value. */
const unusable = (error: unknown): Validate => {
  const reason = error instanceof Error ? error.message : String(error);
  const message = `cannot be checked, its schema is of no use: ${reason}`;
  return () => [{ instancePath: "", schemaPath: "#", keyword: "schema", params: {}, message }];
};

/** `validatorOf(hash, part, schema)` remembers by hash and part, and never throws. The part "taken" is of what a schema takes. */
export const createValidators = ({ compile, load }: { compile: Compile; load: LoadValidator | undefined }) => {
  const known = new Map<string, Validate>();
  let make: ReturnType<typeof createValidator> | undefined;

  const build = (part: string, schema: z.ZodType): Validate => {
    try {
      if (load === undefined) throw new Error("this isolate has no validator");
      make ??= load()(createMakeFunction(compile))();
      const described = part === "taken" ? toTakenSchema(schema) : toJsonSchema(schema);
      return make(toPlain(described) as Record<string, unknown>);
    } catch (error) {
      return unusable(error);
    }
  };

  return (hash: string, part: string, schema: z.ZodType): Validate => {
    const key = `${hash} ${part}`;
    const validate = known.get(key) ?? build(part, schema);
    known.set(key, validate);
    return validate;
  };
};
