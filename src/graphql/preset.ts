// How PostGraphile makes our schema: what it reads, how things are named, and as whom each request asks.
import type {} from "postgraphile"; // its options
import { makePgService } from "postgraphile/adaptors/pg";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import type { Pool } from "../db/pool.ts";
import { NamesPlugin } from "./names.ts";
import type { RequestContext } from "./request.ts";

/** The role that GraphQL reads as; its rights and the rows it sees are said in sql/94_policy.sql and 95_grants.sql. */
const ROLE = "syncline_app";

/** The preset for schemas over the views and functions of schema `api`, read through `pool`. */
export const createPreset = ({ pool }: { pool: Pool }): GraphileConfig.Preset => ({
  extends: [PostGraphileAmberPreset],
  plugins: [NamesPlugin],
  disablePlugins: ["SwallowErrorsPlugin"], // a schema with less in it than it should have is no schema
  pgServices: [makePgService({ pool, schemas: ["api"] })],
  schema: { defaultBehavior: "-insert -update -delete", exportSchemaSDLPath: undefined },
  grafserv: { graphqlPath: "/graphql", graphiql: false, graphqlOverGET: false, websockets: false },
  grafast: {
    explain: false,
    context: (request): Partial<Grafast.Context> => {
      const { environment } = (request as RequestContext).node.req.graphql;
      return { environment, pgSettings: { role: ROLE, "syncline.environment": String(environment) } };
    },
  },
});
