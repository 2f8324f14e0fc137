// zod to JSON schema, the one way this project does it: draft 7, the output side, dates as text, {} for what has no form.
import { z } from "zod";

type Override = NonNullable<Parameters<typeof z.toJSONSchema>[1]>["override"];

const datesAsText: Override = ({ zodSchema, jsonSchema }) => {
  if (zodSchema._zod.def.type !== "date") return;
  jsonSchema.type = "string";
  jsonSchema.format = "date-time";
};

/** The draft-7 schema of what `schema` gives out. A top-level `z.void()` is null. Throws for what is no zod schema. */
export const toJsonSchema = (schema: z.ZodType): Record<string, unknown> => {
  if (schema instanceof z.ZodVoid) return { type: "null" };
  const options = { target: "draft-7", unrepresentable: "any", io: "output", override: datesAsText } as const;
  const { $schema, "~standard": _standard, ...rest } = z.toJSONSchema(schema, options);
  return rest;
};
