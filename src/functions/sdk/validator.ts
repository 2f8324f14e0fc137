// Ajv, in a script of its own that a context evaluates when it first validates something: no other run pays for it.
// It runs in the functions' own context, not outside: Ajv trusts a schema as it trusts code, and these come from functions.
import { Ajv, type ErrorObject } from "ajv";
import addFormats from "ajv-formats";

/** What Ajv finds wrong with a value as JSON carries it; nothing when it is valid. */
export type Validate = (value: unknown) => readonly ErrorObject[];

const NOTHING: readonly ErrorObject[] = [];

// Texts that zod makes mostly need the flag (`\p{...}`); an author's own may be valid only without.
const toRegExp = (pattern: string, flags: string): RegExp => {
  try {
    return new RegExp(pattern, flags);
  } catch {
    return new RegExp(pattern);
  }
};

/** Makes schemas into functions. One for all schemas of a thread. */
export const createValidator = () => {
  const ajv = new Ajv({
    allErrors: true,
    discriminator: true,
    strict: false, // zod writes formats (cuid, e164) and authors write keywords (by `meta`) that Ajv does not know
    logger: false,
    meta: false, // a schema made from zod needs no check against the schema of schemas, which costs 40 ms
    validateSchema: false,
    addUsedSchema: false,
    code: { regExp: Object.assign(toRegExp, { code: "toRegExp" }), optimize: false },
  });
  addFormats.default(ajv);
  return (schema: Record<string, unknown>): Validate => {
    const validate = ajv.compile(schema);
    return (value) => {
      if (validate(value)) return NOTHING;
      const errors = validate.errors!;
      validate.errors = null;
      return errors;
    };
  };
};
