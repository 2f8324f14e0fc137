// How PostGraphile makes our schema: what it reads, how things are named, and as whom each request asks.
import type {} from "postgraphile"; // its options
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import type { Pool } from "../db/pool.ts";
import type { Catalogue } from "../providers/catalogue.ts";
import type { Mask } from "./errors.ts";
import { InputsPlugin } from "./inputs.ts";
import { createRecordsPlugin } from "./models/records-plugin.ts";
import type { RecordPages } from "./models/steps.ts";
import { NamesPlugin } from "./names.ts";
import { createProvidersPlugin } from "./providers.ts";
import { type RequestContext, requestOf } from "./request.ts";
import { ShapePlugin } from "./shape.ts";

/** The roles that GraphQL asks as; their rights and the rows they see are said in sql/94_policy.sql and 95_grants.sql. */
export const READER = "syncline_app";
const WRITER = "syncline_app_writer";

// Neither is reached by what the limits let through, unless the machine is far too busy.
const PLANNING_MS = 2_000;
const EXECUTION_MS = 30_000;

export type PresetDeps = {
  pool: Pool;
  catalogue: Catalogue;
  /** Holds requests to the limits. */
  limits: GraphileConfig.Plugin;
  mask: Mask;
  /** Adds subscriptions. */
  live: GraphileConfig.Plugin;
  /** Pages of records. */
  pages: RecordPages;
};

/** The preset for schemas over the views and functions of schema `api`, read through `pool`. */
export const createPreset = ({ pool, catalogue, limits, mask, live, pages }: PresetDeps): GraphileConfig.Preset => ({
  extends: [PostGraphileAmberPreset],
  plugins: [
    NamesPlugin,
    ShapePlugin,
    InputsPlugin,
    createProvidersPlugin(catalogue),
    createRecordsPlugin(pages),
    limits,
    live,
  ],
  disablePlugins: [
    "SwallowErrorsPlugin", // a schema with less in it than it should have is no schema
    // What nobody needs: `query { query }`, and a second way to each type beside `node`.
    "QueryQueryPlugin",
    "RegisterQueryNodePlugin",
    "NodeAccessorPlugin",
    "PgNodeIdAttributesPlugin",
    "PgOrderAllAttributesPlugin",
    "PgOrderByPrimaryKeyPlugin",
    "PgMutationPayloadEdgePlugin",
  ],
  pgServices: [makePgService({ pool, schemas: ["api"], pubsub: false })],
  gather: { pgStrictFunctions: true }, // arguments without a default are asked for
  schema: {
    defaultBehavior: "-insert -update -delete",
    exportSchemaSDLPath: undefined,
    pgForbidSetofFunctionsToReturnNull: true, // a page has no holes
  },
  grafserv: { graphqlPath: "/graphql", graphiql: false, graphqlOverGET: false, websockets: false, maskError: mask },
  grafast: {
    explain: false,
    timeouts: { planning: PLANNING_MS, execution: EXECUTION_MS },
    context: (request): Partial<Grafast.Context> => {
      const { environment, mayWrite, actor } = requestOf(request as RequestContext).graphql;
      const tenant = { "syncline.environment": String(environment) };
      if (!mayWrite) return { environment, pgSettings: { role: READER, ...tenant } };
      return {
        environment,
        pgSettings: { role: WRITER, ...tenant, ...(actor && { "syncline.actor": JSON.stringify(actor) }) },
      };
    },
  },
});
