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

type TakenDef = { type: string; coerce?: boolean; in?: { _zod: { def: { type: string } } } };

/** What is made over before it is looked at may be anything. */
const takenAsItComes: Override = ({ zodSchema, jsonSchema }) => {
  const def = zodSchema._zod.def as TakenDef;
  const isMadeOver = def.coerce === true || (def.type === "pipe" && def.in?._zod.def.type === "transform");
  if (isMadeOver) for (const key of Object.keys(jsonSchema)) delete jsonSchema[key];
};

const overrideTaken: Override = (found) => {
  override(found);
  takenAsItComes(found);
};

type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const ALTERNATIVES = ["allOf", "anyOf", "oneOf"];

/** `schema` as a part of an intersection: it allows properties that only the other parts name. */
const opened = (schema: unknown, definitions: Schema, within: unknown[] = []): unknown => {
  if (!isSchema(schema)) return schema;
  const { $ref } = schema;
  if (typeof $ref === "string") {
    const shared = within.includes($ref) ? undefined : definitions[$ref.replace("#/definitions/", "")];
    return shared === undefined ? schema : opened(shared, definitions, [...within, $ref]);
  }
  const { additionalProperties, ...rest } = schema;
  const part: Schema = additionalProperties === false ? rest : { ...schema };
  for (const key of ALTERNATIVES) {
    const parts = part[key];
    if (Array.isArray(parts)) part[key] = parts.map((one) => opened(one, definitions, within));
  }
  return part;
};

/**
 * zod joins two plain objects to one, but leaves `allOf` where a side is described, nullable, read-only or shared: two closed
 * objects of which each refuses what the other requires. Nothing would ever fit; zod itself takes the sum of both.
 */
const openIntersections = (schema: unknown, definitions: Schema): unknown => {
  if (Array.isArray(schema)) return schema.map((one) => openIntersections(one, definitions));
  if (!isSchema(schema)) return schema;
  const entries = Object.entries(schema).map(([key, value]): [string, unknown] => {
    if (key !== "allOf" || !Array.isArray(value)) return [key, openIntersections(value, definitions)];
    const parts = value.map((one) => opened(one, definitions));
    return [key, openIntersections(parts, {})]; // a type that is part of itself has no end
  });
  return Object.fromEntries(entries);
};

const convert = (
  schema: z.ZodType,
  side: Pick<NonNullable<Parameters<typeof z.toJSONSchema>[1]>, "io" | "override">,
) => {
  if (schema instanceof z.ZodVoid) return { type: "null" };
  const {
    $schema,
    "~standard": _standard,
    ...rest
  } = z.toJSONSchema(schema, {
    target: "draft-7",
    unrepresentable: "any",
    ...side,
  });
  return openIntersections(rest, isSchema(rest.definitions) ? rest.definitions : {}) as Schema;
};

/** The draft-7 schema of what `schema` gives out. A top-level `z.void()` is null. Throws for what is no zod schema. */
export const toJsonSchema = (schema: z.ZodType): Schema => convert(schema, { io: "output", override });

/** The same of what it takes: defaults may be left out, what it would strip may be there. */
export const toTakenSchema = (schema: z.ZodType): Schema => convert(schema, { io: "input", override: overrideTaken });
