// What a function says about itself: the one shape used by compile, by deploy over HTTP and by the database row.
import { createHash } from "node:crypto";
import { z } from "zod";

/** A draft-7 schema: an object, or `true`/`false` as the standard allows. */
export type JsonSchema = z.infer<typeof JsonSchema>;
const JsonSchema = z.union([z.record(z.string(), z.unknown()), z.boolean()]);

const Endpoint = z.object({
  method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]),
  path: z.string().min(1),
  group: z.string().optional(),
});

const modelName = z.string().regex(/^[A-Z][a-zA-Z0-9_]+$/, "a model name is letters, digits and _, a capital first");

const Delivery = z.strictObject({ table: z.string(), columns: z.record(z.string(), z.string()) });

export const FUNCTION_KINDS = ["sync", "action", "on-event"] as const;

/** `frequency` is the author's text and null for what has no schedule; whether the text is right is the database's to say. */
export type FunctionDefinition = z.infer<typeof FunctionDefinition>;
export const FunctionDefinition = z.strictObject({
  description: z.string().min(1).max(2000),
  version: z.string(),
  frequency: z.string().min(1).nullable(),
  auto_start: z.boolean(),
  track_deletes: z.boolean(),
  /** The models whose versions are kept; left out when there are none. */
  history: z.array(modelName).min(1).optional(),
  sync_type: z.enum(["full", "incremental"]),
  models: z.record(modelName, JsonSchema),
  metadata_schema: JsonSchema.optional(),
  checkpoint_schema: JsonSchema.optional(),
  input: JsonSchema.optional(),
  output: JsonSchema.optional(),
  webhook_subscriptions: z.array(z.string().max(255)),
  endpoints: z.array(Endpoint),
  scopes: z.array(z.string()),
  event: z.enum(["post-connection-creation", "pre-connection-deletion", "validate-connection"]).optional(),
  has_on_webhook: z.boolean(),
  /** Left out when there is none. */
  has_on_webhook_batch: z.literal(true).optional(),
  /** By model; absent where nothing is delivered. */
  deliver: z.record(modelName, Delivery).optional(),
});

/**
 * A function ready to run: `bundle` is one CommonJS text with an inline source map; `hash` is `functionHash` of both. `code`
 * is the file as its author wrote it, for people to read.
 */
export type CompiledFunction = z.infer<typeof CompiledFunction>;
export const CompiledFunction = z.strictObject({
  kind: z.enum(FUNCTION_KINDS),
  integration: z.string().min(1).max(255),
  name: z.string().min(1).max(255),
  bundle: z.string().min(1),
  hash: z.string().regex(/^[0-9a-f]{64}$/, "must be a sha256 in hex"),
  definition: FunctionDefinition,
  code: z.string().optional(),
});

/** The sha256 in hex that changes when the code or what it says about itself changes. */
export const functionHash = (bundle: string, definition: FunctionDefinition): string =>
  createHash("sha256").update(bundle).update("\0").update(JSON.stringify(definition)).digest("hex");

/** The function under another version than its text says; an empty one leaves it as it is. */
export const withVersion = (compiled: CompiledFunction, version: string): CompiledFunction => {
  if (version === "" || version === compiled.definition.version) return compiled;
  const definition = { ...compiled.definition, version };
  return { ...compiled, definition, hash: functionHash(compiled.bundle, definition) };
};
