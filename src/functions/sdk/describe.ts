// What a function file says about itself, read by running it once: no analysis of its text, so helpers and imports just work.
import { z } from "zod";
import { deliveryProblems } from "./deliver.ts";
import { toJsonSchema } from "./json-schema.ts";

/** `path` names the option that is wrong, such as ["models", "Contact"]. */
export type DescribeProblem = { message: string; path?: string[] };

export type Description = { kind: string; definition: Record<string, unknown> | null; problems: DescribeProblem[] };

type Given = Record<string, unknown>;

const MODEL_NAME = /^[A-Z][a-zA-Z0-9_]+$/;
const EVENTS = ["post-connection-creation", "pre-connection-deletion", "validate-connection"];

const wrong = (path: string[], message: string): DescribeProblem[] => [{ message, path }];

const isText = (value: unknown): value is string => typeof value === "string" && value.trim() !== "";

const textProblems = (given: Given, key: string): DescribeProblem[] =>
  isText(given[key]) ? [] : wrong([key], `"${key}" is missing.`);

const execProblems = ({ exec }: Given): DescribeProblem[] =>
  typeof exec === "function" ? [] : wrong(["exec"], '"exec" is missing: the function that does the work.');

const modelProblems = (name: string, model: unknown): DescribeProblem[] => {
  const path = ["models", name];
  const problems: DescribeProblem[] = [];
  if (!MODEL_NAME.test(name)) {
    const message = `The model name "${name}" must start with a capital and hold only letters, digits and _.`;
    problems.push({ message, path });
  }
  if (!(model instanceof z.ZodObject))
    problems.push({ message: `The model "${name}" must be a z.object({ ... }).`, path });
  else if (!("id" in model.shape)) problems.push({ message: `The model "${name}" needs an "id".`, path });
  return problems;
};

const modelsProblems = ({ models }: Given): DescribeProblem[] => {
  if (typeof models !== "object" || models === null) {
    return wrong(["models"], '"models" is missing: name at least one model.');
  }
  const entries = Object.entries(models);
  if (entries.length === 0) return wrong(["models"], '"models" is empty: name at least one model.');
  return entries.flatMap(([name, model]) => modelProblems(name, model));
};

const objectProblems = (given: Given, key: string): DescribeProblem[] => {
  const schema = given[key];
  if (schema === undefined || schema instanceof z.ZodObject) return [];
  if (key === "metadata" && schema instanceof z.ZodVoid) return [];
  return wrong([key], `"${key}" must be a z.object({ ... }).`);
};

const schemaProblems = (given: Given, key: string): DescribeProblem[] => {
  if (given[key] === undefined) return wrong([key], `"${key}" is missing: a zod schema, z.void() for none.`);
  return given[key] instanceof z.ZodType ? [] : wrong([key], `"${key}" must be a zod schema.`);
};

const commonProblems = (given: Given): DescribeProblem[] => [
  ...textProblems(given, "description"),
  ...execProblems(given),
  ...objectProblems(given, "metadata"),
  ...objectProblems(given, "checkpoint"),
];

const endpointsProblems = ({ endpoints, models }: Given): DescribeProblem[] => {
  const count = Object.keys((models ?? {}) as object).length;
  if (!Array.isArray(endpoints) || endpoints.length === 0 || endpoints.length === count) return [];
  return wrong(["endpoints"], `"endpoints" must name one endpoint for each model: ${count}, not ${endpoints.length}.`);
};

const isName = (value: unknown): value is string => typeof value === "string";

const historyProblems = ({ history, models }: Given): DescribeProblem[] => {
  if (history === undefined || typeof history === "boolean") return [];
  if (!Array.isArray(history) || !history.every(isName)) {
    return wrong(["history"], '"history" must be true, false or a list of model names.');
  }
  const unknown = history.filter((name) => !Object.hasOwn((models ?? {}) as object, name));
  return unknown.flatMap((name) =>
    wrong(["history"], `"history" names the model "${name}", which is not in "models".`),
  );
};

const modelSchemas = ({ models }: Given): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(models as Record<string, z.ZodType>).map(([name, model]) => [name, toJsonSchema(model)]),
  );

const syncProblems = (given: Given): DescribeProblem[] => {
  const { trackDeletes, syncType, deliver } = given;
  const problems = [...textProblems(given, "frequency"), ...modelsProblems(given)];
  problems.push(...endpointsProblems(given), ...historyProblems(given));
  if (problems.length === 0 && deliver !== undefined) problems.push(...deliveryProblems(deliver, modelSchemas(given)));
  for (const name of ["onWebhook", "onWebhookBatch"]) {
    if (given[name] === undefined || typeof given[name] === "function") continue;
    problems.push(...wrong([name], `"${name}" must be a function.`));
  }
  if (trackDeletes === true && syncType === "incremental") {
    problems.push(...wrong(["trackDeletes"], '"trackDeletes" cannot be combined with syncType "incremental".'));
  }
  return problems;
};

const actionProblems = (given: Given): DescribeProblem[] => [
  ...schemaProblems(given, "input"),
  ...schemaProblems(given, "output"),
];

const eventProblems = ({ event }: Given): DescribeProblem[] =>
  EVENTS.includes(event as string) ? [] : wrong(["event"], `"event" must be one of ${EVENTS.join(", ")}.`);

const optionalSchema = (schema: unknown) => (schema === undefined ? undefined : toJsonSchema(schema as z.ZodType));

const commonDefinition = (given: Given): Record<string, unknown> => ({
  description: given.description,
  version: given.version ?? "",
  frequency: null,
  auto_start: false,
  track_deletes: false,
  sync_type: "full",
  models: {},
  metadata_schema: optionalSchema(given.metadata),
  checkpoint_schema: optionalSchema(given.checkpoint),
  webhook_subscriptions: [],
  endpoints: [],
  scopes: given.scopes ?? [],
  has_on_webhook: false,
});

/** Left out when no versions are kept, so that the hashes of such functions stay as they are. */
const historyOf = ({ history, models }: Given): { history?: string[] } => {
  const names = history === true ? Object.keys(models as object) : [...new Set((history || []) as string[])];
  return names.length === 0 ? {} : { history: names };
};

const syncDefinition = (given: Given): Record<string, unknown> => ({
  frequency: given.frequency,
  auto_start: given.autoStart === true,
  track_deletes: given.trackDeletes === true,
  ...historyOf(given),
  sync_type: given.syncType ?? "full",
  models: modelSchemas(given),
  webhook_subscriptions: given.webhookSubscriptions ?? [],
  endpoints: given.endpoints ?? [],
  has_on_webhook: typeof given.onWebhook === "function",
  ...(typeof given.onWebhookBatch === "function" && { has_on_webhook_batch: true }),
  // Absent unless given: the hash of a function that delivers nothing stays what it was.
  ...(Object.keys(given.deliver ?? {}).length > 0 && { deliver: given.deliver }),
});

const actionDefinition = (given: Given): Record<string, unknown> => ({
  input: optionalSchema(given.input),
  output: optionalSchema(given.output),
  endpoints: given.endpoint === undefined ? [] : [given.endpoint],
});

const eventDefinition = ({ event }: Given): Record<string, unknown> => ({ event });

type Kind = {
  kind: string;
  problems: (given: Given) => DescribeProblem[];
  own: (given: Given) => Record<string, unknown>;
};

const KINDS: Record<string, Kind> = {
  sync: { kind: "sync", problems: syncProblems, own: syncDefinition },
  action: { kind: "action", problems: actionProblems, own: actionDefinition },
  onEvent: { kind: "on-event", problems: eventProblems, own: eventDefinition },
};

const kindOf = (exported: unknown): Kind | undefined => {
  const { type } = (exported ?? {}) as { type?: unknown };
  return typeof type === "string" && Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
};

/** `definition` is null when there are problems. */
export const describe = (exported: unknown): Description => {
  const found = kindOf(exported);
  if (found === undefined) {
    const message = "The default export must be createSync({ ... }), createAction({ ... }) or createOnEvent({ ... }).";
    return { kind: "", definition: null, problems: [{ message }] };
  }
  const given = exported as Given;
  const problems = [...commonProblems(given), ...found.problems(given)];
  const definition = problems.length === 0 ? { ...commonDefinition(given), ...found.own(given) } : null;
  return { kind: found.kind, definition, problems };
};
