// zod to JSON schema, the one way this project does it: draft 7, the output side, dates as text, {} for what has no form.
import { z } from "zod";

type Override = NonNullable<Parameters<typeof z.toJSONSchema>[1]>["override"];

const datesAsText: Override = ({ zodSchema, jsonSchema }) => {
  if (zodSchema._zod.def.type !== "date") return;
  jsonSchema.type = "string";
  jsonSchema.format = "date-time";
};

type StringDef = { pattern?: RegExp; checks?: { _zod: { def: { pattern?: unknown } } }[] };

/** A pattern is written without its flags: one that would mean something else without them is left out. */
const patternsThatHold: Override = ({ zodSchema, jsonSchema }) => {
  if (zodSchema._zod.def.type !== "string") return;
  const { pattern, checks = [] } = zodSchema._zod.def as StringDef;
  const all = [pattern, ...checks.map((check) => check._zod.def.pattern)];
  const flagged = new Set(all.flatMap((one) => (one instanceof RegExp && /[ims]/.test(one.flags) ? one.source : [])));
  if (flagged.size === 0) return;
  const holds = (one: { pattern?: string }) => !flagged.has(one.pattern ?? "");
  if (!holds(jsonSchema)) delete jsonSchema.pattern;
  if (jsonSchema.allOf !== undefined) jsonSchema.allOf = jsonSchema.allOf.filter(holds);
  if (jsonSchema.allOf?.length === 0) delete jsonSchema.allOf;
};

const override: Override = (found) => {
  datesAsText(found);
  patternsThatHold(found);
};

/** The draft-7 schema of what `schema` gives out. A top-level `z.void()` is null. Throws for what is no zod schema. */
export const toJsonSchema = (schema: z.ZodType): Record<string, unknown> => {
  if (schema instanceof z.ZodVoid) return { type: "null" };
  const options = { target: "draft-7", unrepresentable: "any", io: "output", override } as const;
  const { $schema, "~standard": _standard, ...rest } = z.toJSONSchema(schema, options);
  return rest;
};
