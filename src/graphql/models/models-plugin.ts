// The fields of an environment's models, `salesforceContacts` and so on: at the root, and on each connection.
import type {} from "postgraphile"; // what plugins may do
import { constant, type ExecutableStep, type FieldArgs, lambda } from "postgraphile/grafast";
import type { GraphQLObjectType } from "postgraphile/graphql";
import type { Model } from "./catalogue.ts";
import { commonTypes, connectionArguments, pageArguments } from "./common-types.ts";
import { modelType } from "./model-type.ts";
import { pageType } from "./pages.ts";
import { LIVE, placeOf, whoseRecords } from "./records-plugin.ts";
import type { RecordPages } from "./steps.ts";

const hintOf = ({ integrations }: Model): string => {
  const names = integrations.map((name) => `\`${name}\``).join(", ");
  return `The integration of the connection: one of ${names}. Needed where several have a connection of this name.`;
};

const among =
  (integrations: string[]) =>
  (wanted: unknown): string[] =>
    wanted == null ? integrations : integrations.filter((name) => name === wanted);

/** Adds the types and fields of `models`. */
export const createModelsPlugin = (models: Model[], pages: RecordPages): GraphileConfig.Plugin => {
  const made = new Map<Model, GraphQLObjectType>();

  return {
    name: "SynclineModelsPlugin",
    schema: {
      hooks: {
        GraphQLObjectType_fields(fields, build, { scope, fieldWithHooks }) {
          const place = placeOf(scope);
          if (place !== "root" && place !== "connections") return fields;
          const types = commonTypes(build);
          const args = pageArguments(types, "Without it the deleted ones are left out.");
          const fieldOf = (model: Model) =>
            fieldWithHooks({ fieldName: model.field }, () => {
              const page = made.get(model) ?? pageType(modelType(model, types), types);
              made.set(model, page);
              const integrationsOf = among(model.integrations);
              return {
                type: page,
                description: `The records of model \`${model.model}\`, in the order of their latest changes.`,
                args: { ...(place === "root" && connectionArguments(hintOf(model))), ...args },
                plan: ($parent: ExecutableStep, given: FieldArgs) =>
                  pages(
                    build.pgExecutor!,
                    {
                      ...whoseRecords(place, $parent, given),
                      integrations:
                        place === "root"
                          ? lambda(given.getRaw("integration") as ExecutableStep, integrationsOf, true)
                          : constant(null),
                      model: constant(model.model),
                      variant: given.getRaw("variant") as ExecutableStep,
                      actions: LIVE,
                    },
                    given,
                  ),
              };
            });
          const added = Object.fromEntries(models.map((model) => [model.field, fieldOf(model)]));
          return build.extend(fields, added, "SynclineModelsPlugin");
        },
      },
    },
  };
};
