// GET /scripts/config: all functions of the environment, for programs that offer them.
import { z } from "zod";
import { listFunctionConfigs } from "../../db/function-configs.ts";
import type { JsonSchema } from "../../functions/definition.ts";
import { namedSchemas } from "../../functions/named-schemas.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { type Described, describedIn, FunctionType } from "./function-shape.ts";

const Query = z.strictObject({
  format: z.enum(["nango", "openai"]).default("nango").meta({
    description: "openai: actions alone, as the functions that a language model is offered.",
  }),
});

const Config = z
  .strictObject({
    name: z.string(),
    type: FunctionType,
    runs: z.string().nullish(),
    auto_start: z.boolean().optional(),
    track_deletes: z.boolean().optional(),
    returns: z.array(z.string()),
    endpoints: z.array(z.strictObject({ method: z.string(), path: z.string(), group: z.string().optional() })),
    input: z.string().optional(),
    version: z.string().nullable(),
    last_deployed: z.string(),
    id: z.number().int(),
    enabled: z.boolean(),
    json_schema: z.looseObject({}).nullable(),
    webhookSubscriptions: z.array(z.string()).optional(),
    scopes: z.array(z.string()).optional(),
    description: z.string().optional(),
    sdk_version: z.string().nullable(),
    features: z.array(z.literal("checkpoints")),
    source: z.enum(["catalog", "standalone", "repo"]),
  })
  .meta({ id: "FunctionConfig" });

const Configs = z.array(
  z.strictObject({
    providerConfigKey: z.string(),
    provider: z.string(),
    syncs: z.array(Config),
    actions: z.array(Config),
    "on-events": z.array(Config),
  }),
);

const Tool = z
  .strictObject({
    name: z.string(),
    description: z.string(),
    parameters: z.looseObject({
      type: z.literal("object"),
      properties: z.record(z.string(), z.unknown()),
      required: z.array(z.string()),
    }),
  })
  .meta({ id: "OpenAiFunction" });

const Tools = z.strictObject({ data: z.array(Tool) });

type Found = Awaited<ReturnType<typeof listFunctionConfigs>>[number];

const GROUPS = { sync: "syncs", action: "actions", "on-event": "on-events" } as const;

const showConfig = (found: Found): z.input<typeof Config> => {
  const described = describedIn(found.integration, found);
  const { definition } = described;
  const { frequency, auto_start, track_deletes, webhook_subscriptions: webhookSubscriptions } = definition;
  return {
    name: found.name,
    type: found.kind,
    ...(found.kind === "sync" && { runs: frequency, auto_start, track_deletes, webhookSubscriptions }),
    ...namedSchemas(described),
    endpoints: definition.endpoints,
    version: definition.version || null,
    last_deployed: found.deployed_at,
    id: found.id,
    enabled: true,
    scopes: definition.scopes,
    description: definition.description,
    sdk_version: null,
    features: definition.checkpoint_schema === undefined ? [] : ["checkpoints"],
    source: found.source,
  };
};

const showConfigs = (found: Found[]): z.input<typeof Configs> =>
  [...Map.groupBy(found, ({ integration }) => integration)].map(([providerConfigKey, functions]) => ({
    providerConfigKey,
    provider: functions[0]!.provider,
    syncs: [],
    actions: [],
    "on-events": [],
    ...Object.fromEntries(
      [...Map.groupBy(functions, ({ kind }) => GROUPS[kind])].map(([group, members]) => [
        group,
        members.map(showConfig),
      ]),
    ),
  }));

type ObjectSchema = { type: "object"; properties?: Record<string, unknown>; required?: string[] };

const isObject = (schema: JsonSchema | undefined): schema is ObjectSchema =>
  typeof schema === "object" && schema.type === "object";

/** Parameters are an object; an input that is none is the one parameter `input`. */
const parametersOf = (input: JsonSchema | undefined): z.input<typeof Tool>["parameters"] => {
  if (isObject(input)) return { properties: {}, required: [], ...input };
  const takesNothing = input === undefined || (typeof input === "object" && input.type === "null");
  if (takesNothing) return { type: "object", properties: {}, required: [] };
  return { type: "object", properties: { input }, required: ["input"] };
};

const showTool = ({ name, definition: { description, input } }: Described): z.input<typeof Tool> => ({
  name,
  description,
  parameters: parametersOf(input),
});

/** One statement; the answer grows with the functions of the environment. */
export const scriptsConfigEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/scripts/config",
      tag: "Functions",
      says: "All functions of the environment",
      client: "getScriptsConfig",
      scope: "functions:list",
      query: Query,
      answers: {
        200: {
          says: "In the format nango by integration, in the format openai as one list.",
          body: z.union([Configs, Tools]),
        },
      },
    },
    async ({ environment, query: { format } }) => {
      const found = await listFunctionConfigs(db, { environment: environment.id });
      if (format === "nango") return showConfigs(found);
      const actions = found.filter(({ kind }) => kind === "action");
      return { data: actions.map((one) => showTool(describedIn(one.integration, one))) };
    },
  ),
];
