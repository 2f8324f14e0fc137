// What the published command line sends to deploy and what it prints of the answers.
import { z } from "zod";
import { JsonObject, Name, ProviderConfigKey } from "../patterns.ts";

const BUNDLE_CHARACTERS = 10_000_000;
const MOST_FUNCTIONS = 5_000;

const FileBody = z
  .strictObject({ js: z.string().min(1).max(BUNDLE_CHARACTERS), ts: z.string().max(BUNDLE_CHARACTERS) })
  .meta({
    id: "FunctionFiles",
    description: "`js` is the bundle that runs, `ts` the author's text, for people to read.",
  });

const ModelEndpoint = z.union([
  z.strictObject({ method: z.string(), path: z.string(), group: z.string().nullish(), entity: z.string().nullish() }),
  z.record(z.string(), z.string()),
]);

const FlowConfig = z
  .strictObject({
    type: z.enum(["sync", "action"]),
    providerConfigKey: ProviderConfigKey,
    syncName: Name.meta({ description: "The name of a sync or of an action." }),
    fileBody: FileBody,
    version: z.string().max(255).optional(),
    models: z.array(z.string()),
    runs: z.string().nullable(),
    auto_start: z.boolean().optional(),
    attributes: JsonObject.optional(),
    metadata: z.strictObject({ description: z.string().optional(), scopes: z.array(z.string()).optional() }).optional(),
    endpoints: z.array(ModelEndpoint).optional(),
    track_deletes: z.boolean(),
    input: z.string().optional(),
    sync_type: z.enum(["full", "incremental"]).optional(),
    webhookSubscriptions: z.array(z.string()).optional(),
    models_json_schema: JsonObject.optional(),
    features: z.array(z.string()).optional(),
  })
  .meta({
    id: "FlowConfig",
    description:
      "A sync or an action. What the bundle says about itself counts; of what stands beside it, the version.",
  });

const EventScripts = z.strictObject({
  providerConfigKey: ProviderConfigKey,
  scripts: z.array(
    z.strictObject({
      name: Name,
      fileBody: FileBody,
      event: z.enum(["post-connection-creation", "pre-connection-deletion", "validate-connection"]),
    }),
  ),
});

export type Package = z.infer<typeof Package>;
const Package = z.strictObject({
  flowConfigs: z.array(FlowConfig).max(MOST_FUNCTIONS),
  onEventScriptsByProvider: z.array(EventScripts).max(MOST_FUNCTIONS).optional(),
  reconcile: z.boolean().meta({ description: "Whether what is not given is removed, as `deployMode` says." }),
  debug: z.boolean(),
  deployMode: z.enum(["all", "integration", "single"]).optional().meta({
    description:
      "Where functions that are not given are removed: everywhere (the default), in the integrations given, or nowhere.",
  }),
  jsonSchema: JsonObject.optional(),
  sdkVersion: z.string().max(255).optional(),
});

export const ConfirmationBody = Package;

export const DeployBody = Package.extend({
  nangoYamlBody: z.string(),
  source: z.enum(["repo", "standalone", "catalog"]).optional(),
});

const SlimSync = z.strictObject({
  name: z.string(),
  providerConfigKey: z.string(),
  auto_start: z.boolean(),
  connections: z.number().int().meta({ description: "Those a new sync is for; those that have an older one." }),
});

const SlimAction = z.strictObject({ name: z.string(), providerConfigKey: z.string() });

const SlimOnEvent = z.strictObject({ name: z.string(), providerConfigKey: z.string(), event: z.string() });

export type Differences = z.infer<typeof Differences>;
export const Differences = z
  .strictObject({
    newSyncs: z.array(SlimSync),
    updatedSyncs: z.array(SlimSync),
    deletedSyncs: z.array(SlimSync),
    newActions: z.array(SlimAction),
    updatedActions: z.array(SlimAction),
    deletedActions: z.array(SlimAction),
    newOnEventScripts: z.array(SlimOnEvent),
    updatedOnEventScripts: z.array(SlimOnEvent),
    deletedOnEventScripts: z.array(SlimOnEvent),
    deletedModels: z.array(z.string()).meta({
      description: "Models with connections or records that nothing would keep up to date.",
    }),
  })
  .meta({ id: "DeployDifferences" });

export const Results = z.array(
  z
    .strictObject({
      name: z.string(),
      version: z.string().meta({ description: "The author's, or where there is none the start of the hash." }),
      providerConfigKey: z.string(),
      type: z.enum(["sync", "action"]),
      models: z.array(z.string()),
      runs: z.string().nullable(),
    })
    .meta({ id: "DeployResult" }),
);
