// One GraphQL schema an environment: what all share is read from the database once, the rest takes 40 ms and what its models
// add (see models/).
import { buildInflection, buildSchema, gather } from "postgraphile/graphile-build";
import { type GraphQLSchema, isObjectType } from "postgraphile/graphql";
import type { DeclaredModel } from "../db/models.ts";
import { toModels } from "./models/catalogue.ts";
import { createModelsPlugin } from "./models/models-plugin.ts";
import type { TakenNames } from "./models/names.ts";
import type { RecordPages } from "./models/steps.ts";

/** Makes the schema of an environment that has these models; throws rather than make a broken one. */
export type BuildFor = (declared: DeclaredModel[]) => GraphQLSchema;

const takenIn = (schema: GraphQLSchema): TakenNames => {
  const fieldsOf = (name: string): string[] => {
    const type = schema.getType(name);
    return isObjectType(type) ? Object.keys(type.getFields()) : [];
  };
  return {
    types: new Set(Object.keys(schema.getTypeMap())),
    fields: new Set(["Query", "Connection"].flatMap(fieldsOf)),
  };
};

/** Reads schema `api` (31 ms) and returns what builds schemas from it. */
export const createBuild = async (preset: GraphileConfig.Preset, pages: RecordPages): Promise<BuildFor> => {
  const shared = { inflection: buildInflection(preset) };
  const input = await gather(preset, shared);
  const taken = takenIn(buildSchema(preset, input, shared));
  return (declared) => {
    const plugins = [createModelsPlugin(toModels(declared, taken), pages)];
    return buildSchema({ extends: [preset], plugins }, input, shared); // which validates it
  };
};
