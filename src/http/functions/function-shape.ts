// What a function looks like on the wire.
import { z } from "zod";
import type { DeployedFunction } from "../../db/function-configs.ts";
import type { CompiledFunction, FunctionDefinition } from "../../functions/definition.ts";
import { namedSchemas } from "../../functions/named-schemas.ts";

/** Who the function is for, and what it says about itself. */
export type Described = Pick<CompiledFunction, "kind" | "integration" | "name" | "definition">;

export const FunctionType = z.enum(["sync", "action", "on-event"]);

const base = { name: z.string(), description: z.string().optional(), scopes: z.array(z.string()).optional() };

const typed = {
  input: z.string().optional().meta({ description: "The name in json_schema of what it takes." }),
  returns: z.array(z.string()).meta({ description: "The names in json_schema of what it gives." }),
  json_schema: z.looseObject({}).nullable().meta({ description: "Draft 7: one definition for each name." }),
};

const schedule = { runs: z.string().nullable(), auto_start: z.boolean(), track_deletes: z.boolean() };

const availability = {
  id: z.number().int(),
  enabled: z.boolean(),
  last_deployed: z.string(),
  source: z.enum(["catalog", "standalone", "repo"]).meta({
    description: "catalog: a template that was switched on; standalone: deployed alone; repo: deployed with a folder.",
  }),
};

const syncFields = { ...base, type: z.literal("sync"), ...typed, ...schedule };
const actionFields = { ...base, type: z.literal("action"), ...typed };
const eventFields = {
  ...base,
  type: z.literal("on-event"),
  event: z.enum(["post-connection-creation", "pre-connection-deletion", "validate-connection"]),
};

/** A function that is not deployed. */
export const Template = z
  .discriminatedUnion("type", [z.strictObject(syncFields), z.strictObject(actionFields)])
  .meta({ id: "FunctionTemplate", description: "A ready-made function." });

/** A function in use. */
export const WireFunction = z
  .discriminatedUnion("type", [
    z.strictObject({ ...syncFields, ...availability }),
    z.strictObject({ ...actionFields, ...availability }),
    z.strictObject({ ...eventFields, ...availability }),
  ])
  .meta({ id: "Function", description: "A function in use." });

const describe = ({ name, definition: { description, scopes } }: Described) => ({
  name,
  description,
  ...(scopes.length > 0 && { scopes }),
});

const scheduleOf = ({ frequency, auto_start, track_deletes }: FunctionDefinition) => ({
  runs: frequency,
  auto_start,
  track_deletes,
});

/** A sync or an action as a template. */
export const showTemplate = (described: Described): z.input<typeof Template> => {
  const shared = { ...describe(described), ...namedSchemas(described) };
  if (described.kind === "action") return { type: "action", ...shared };
  return { type: "sync", ...shared, ...scheduleOf(described.definition) };
};

/** A row of the database as it describes itself. */
export const describedIn = (integration: string, { kind, name, definition }: DeployedFunction): Described => ({
  kind,
  integration,
  name,
  definition: definition as FunctionDefinition,
});

/** Whatever is deployed can run: there is no switch, so `enabled` is always true. */
const availabilityOf = ({ id, source, deployed_at }: DeployedFunction) => ({
  id,
  enabled: true,
  last_deployed: deployed_at,
  source,
});

/** A function in use of the integration. */
export const showFunction = (integration: string, found: DeployedFunction): z.input<typeof WireFunction> => {
  const described = describedIn(integration, found);
  const { event } = described.definition;
  if (event === undefined) return { ...showTemplate(described), ...availabilityOf(found) };
  return { type: "on-event", ...describe(described), event, ...availabilityOf(found) };
};
