// One GraphQL schema for all environments with the same models: what all share is read from the database once, the rest takes
// 40 ms and what the models add (see models/). Whose rows are read stands in no schema; it comes with each request.
import { createHash } from "node:crypto";
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

/** Environments with equal models share also what was planned for their schema, which goes with the last that serves it. */
const shareEqual = (build: BuildFor): BuildFor => {
  const built = new Map<string, WeakRef<GraphQLSchema>>();
  return (declared) => {
    const digest = createHash("sha256").update(JSON.stringify(declared)).digest("base64");
    const known = built.get(digest)?.deref();
    if (known !== undefined) return known;
    for (const [one, schema] of built) if (schema.deref() === undefined) built.delete(one);
    const schema = build(declared);
    built.set(digest, new WeakRef(schema));
    return schema;
  };
};

/** Reads schema `api` (31 ms) and returns what builds schemas from it. */
export const createBuild = async (preset: GraphileConfig.Preset, pages: RecordPages): Promise<BuildFor> => {
  const shared = { inflection: buildInflection(preset) };
  const input = await gather(preset, shared);
  const withoutModels = buildSchema(preset, input, shared);
  const taken = takenIn(withoutModels);
  return shareEqual((declared) => {
    if (declared.length === 0) return withoutModels;
    const plugins = [createModelsPlugin(toModels(declared, taken), pages)];
    return buildSchema({ extends: [preset], plugins }, input, shared); // which validates it
  });
};
