// What a function file says about itself, read by running it once: no analysis of its text, so helpers and imports just work.
import { z } from "zod";
import { toJsonSchema } from "./json-schema.ts";

export type Description = { kind: string; definition: Record<string, unknown> | null; problems: string[] };

type Given = Record<string, unknown>;

const MODEL_NAME = /^[A-Z][a-zA-Z0-9_]+$/;

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";

const modelProblems = (name: string, model: unknown): string[] => {
  const problems: string[] = [];
  if (!MODEL_NAME.test(name)) {
    problems.push(`The model name "${name}" must start with a capital and hold only letters, digits and _.`);
  }
  if (!(model instanceof z.ZodObject)) problems.push(`The model "${name}" must be a z.object({ ... }).`);
  else if (!("id" in model.shape)) problems.push(`The model "${name}" needs an "id".`);
  return problems;
};

const modelsProblems = (models: unknown): string[] => {
  if (typeof models !== "object" || models === null) return ['"models" is missing: name at least one model.'];
  const entries = Object.entries(models);
  if (entries.length === 0) return ['"models" is empty: name at least one model.'];
  return entries.flatMap(([name, model]) => modelProblems(name, model));
};

const schemaProblems = (given: Given, key: string): string[] => {
  const schema = given[key];
  if (schema === undefined || schema instanceof z.ZodObject) return [];
  if (key === "metadata" && schema instanceof z.ZodVoid) return [];
  return [`"${key}" must be a z.object({ ... }).`];
};

const syncProblems = (given: Given): string[] => {
  const problems = ["description", "frequency"].flatMap((key) => (isText(given[key]) ? [] : [`"${key}" is missing.`]));
  if (typeof given.exec !== "function") problems.push('"exec" is missing: the function that does the work.');
  const { onWebhook } = given;
  if (onWebhook !== undefined && typeof onWebhook !== "function") problems.push('"onWebhook" must be a function.');
  problems.push(...modelsProblems(given.models), ...schemaProblems(given, "metadata"));
  problems.push(...schemaProblems(given, "checkpoint"));
  if (given.trackDeletes === true && given.syncType === "incremental") {
    problems.push('"trackDeletes" cannot be combined with syncType "incremental".');
  }
  return problems;
};

const optionalSchema = (schema: unknown) => (schema === undefined ? undefined : toJsonSchema(schema as z.ZodType));

const syncDefinition = (given: Given): Record<string, unknown> => {
  const models = Object.entries(given.models as Record<string, z.ZodType>);
  return {
    description: given.description,
    version: given.version ?? "",
    frequency: given.frequency,
    auto_start: given.autoStart === true,
    track_deletes: given.trackDeletes === true,
    sync_type: given.syncType ?? "full",
    models: Object.fromEntries(models.map(([name, model]) => [name, toJsonSchema(model)])),
    metadata_schema: optionalSchema(given.metadata),
    checkpoint_schema: optionalSchema(given.checkpoint),
    webhook_subscriptions: given.webhookSubscriptions ?? [],
    endpoints: given.endpoints ?? [],
    scopes: given.scopes ?? [],
    has_on_webhook: typeof given.onWebhook === "function",
  };
};

/** `definition` is null when there are problems. */
export const describe = (exported: unknown): Description => {
  const given = exported as Given | null | undefined;
  if (typeof given !== "object" || given === null || given.type !== "sync") {
    return { kind: "", definition: null, problems: ["The default export must be createSync({ ... })."] };
  }
  const problems = syncProblems(given);
  return { kind: "sync", definition: problems.length === 0 ? syncDefinition(given) : null, problems };
};
