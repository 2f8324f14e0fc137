// How PostGraphile makes our schema: what it reads, how things are named, and as whom each request asks.
import type {} from "postgraphile"; // its options
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import type { Pool } from "../db/pool.ts";
import type { Mask } from "./errors.ts";
import { NamesPlugin } from "./names.ts";
import type { RequestContext } from "./request.ts";

/** The role that GraphQL reads as; its rights and the rows it sees are said in sql/94_policy.sql and 95_grants.sql. */
const ROLE = "syncline_app";

// Neither is reached by what the limits let through, unless the machine is far too busy.
const PLANNING_MS = 2_000;
const EXECUTION_MS = 30_000;

export type PresetDeps = {
  pool: Pool;
  /** Holds requests to the limits. */
  limits: GraphileConfig.Plugin;
  mask: Mask;
};

/** The preset for schemas over the views and functions of schema `api`, read through `pool`. */
export const createPreset = ({ pool, limits, mask }: PresetDeps): GraphileConfig.Preset => ({
  extends: [PostGraphileAmberPreset],
  plugins: [NamesPlugin, limits],
  disablePlugins: ["SwallowErrorsPlugin"], // a schema with less in it than it should have is no schema
  pgServices: [makePgService({ pool, schemas: ["api"] })],
  schema: { defaultBehavior: "-insert -update -delete", exportSchemaSDLPath: undefined },
  grafserv: { graphqlPath: "/graphql", graphiql: false, graphqlOverGET: false, websockets: false, maskError: mask },
  grafast: {
    explain: false,
    timeouts: { planning: PLANNING_MS, execution: EXECUTION_MS },
    context: (request): Partial<Grafast.Context> => {
      const { environment } = (request as RequestContext).node.req.graphql;
      return { environment, pgSettings: { role: ROLE, "syncline.environment": String(environment) } };
    },
  },
});
