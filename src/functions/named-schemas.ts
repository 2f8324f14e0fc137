// The schemas of a function under names, as its descriptions on the wire have them: one document with a definition for each
// model, for an action's input and output, and for a sync's metadata. The names are those that the published CLI gives.
import type { CompiledFunction, JsonSchema } from "./definition.ts";

type Described = Pick<CompiledFunction, "kind" | "integration" | "name" | "definition">;

type Document = { definitions: Record<string, JsonSchema> };

/** `input` and `returns` are names in `json_schema`, which is null when there is nothing to name. */
export type NamedSchemas = { input?: string; returns: string[]; json_schema: Document | null };

/** A reference is meant from the root of its schema: below a name it leads through that. */
const below = (name: string, part: unknown): unknown => {
  if (Array.isArray(part)) return part.map((one) => below(name, one));
  if (typeof part !== "object" || part === null) return part;
  const entries = Object.entries(part).map(([key, value]): [string, unknown] => {
    const isReference = key === "$ref" && typeof value === "string" && value.startsWith("#");
    return [key, isReference ? `#/definitions/${name}${value.slice(1)}` : below(name, value)];
  });
  return Object.fromEntries(entries);
};

const suffixOf = ({ integration, name }: Described): string =>
  `${integration.replace(/[^a-zA-Z0-9]/g, "_")}_${name.replace(/[^a-zA-Z0-9]/g, "")}`;

const document = (schemas: Record<string, JsonSchema>): Document | null => {
  const entries = Object.entries(schemas);
  if (entries.length === 0) return null;
  return {
    definitions: Object.fromEntries(entries.map(([name, schema]) => [name, below(name, schema) as JsonSchema])),
  };
};

const ofSync = (described: Described): NamedSchemas => {
  const { models, metadata_schema: metadata } = described.definition;
  const returns = Object.keys(models);
  if (metadata === undefined) return { returns, json_schema: document(models) };
  const input = `SyncMetadata_${suffixOf(described)}`;
  return { input, returns, json_schema: document({ ...models, [input]: metadata }) };
};

const ofAction = (described: Described): NamedSchemas => {
  const { input, output } = described.definition;
  const inputName = `ActionInput_${suffixOf(described)}`;
  const outputName = `ActionOutput_${suffixOf(described)}`;
  return {
    ...(input !== undefined && { input: inputName }),
    returns: output === undefined ? [] : [outputName],
    json_schema: document({
      ...(input !== undefined && { [inputName]: input }),
      ...(output !== undefined && { [outputName]: output }),
    }),
  };
};

/** What a function takes and gives, by name. */
export const namedSchemas = (described: Described): NamedSchemas => {
  if (described.kind === "sync") return ofSync(described);
  return described.kind === "action" ? ofAction(described) : { returns: [], json_schema: null };
};
