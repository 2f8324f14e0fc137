// Fields of records of any model, for clients without types: `records`, the live ones, and `recordChanges`, whatever changed,
// deletions included. At the root for a connection by name, and on connections and streams.
import type {} from "postgraphile"; // what plugins may do
import { constant, type ExecutableStep, type FieldArgs, lambda } from "postgraphile/grafast";
import { GraphQLID, GraphQLNonNull, GraphQLString } from "postgraphile/graphql";
import { column, commonTypes, connectionArguments, pageArguments, registerCommonTypes } from "./common-types.ts";
import type { Action, RecordPages } from "./steps.ts";

type RowStep = ExecutableStep & { get: (column: string) => ExecutableStep };

export const LIVE: Action[] = ["A", "U"];

/** The list that a named integration is alone in; null stays null. */
const onlyIntegration = (args: FieldArgs): ExecutableStep =>
  lambda(args.getRaw("integration") as ExecutableStep, (name: unknown) => (name == null ? null : [name]), true);

const ANY_INTEGRATION = "The integration of the connection; needed where several have one of this name.";

type Mode = { actions: Action[] | null; says: string; usually: string };

const MODES: Record<string, Mode> = {
  records: {
    actions: LIVE,
    says: "The records of a model that are not deleted, in the order of their latest changes.",
    usually: "Without it the deleted ones are left out.",
  },
  recordChanges: {
    actions: null,
    says: "Whatever changed in a model, in the order of changes, deletions included: keep the last cursor and ask for what came after it.",
    usually: "Without it all are given.",
  },
};

const registerRecord = (build: GraphileBuild.Build): void => {
  build.registerObjectType(
    "Record",
    {},
    () => ({
      description: "A record of any model.",
      fields: () => {
        const types = commonTypes(build);
        return {
          id: {
            type: new GraphQLNonNull(GraphQLID),
            description: "The record's own id, where it comes from.",
            plan: ($record: ExecutableStep) => column($record, "external_id"),
          },
          model: {
            type: new GraphQLNonNull(GraphQLString),
            description: "The model it is of.",
            plan: ($record: ExecutableStep) => column($record, "model"),
          },
          data: {
            type: types.json,
            description: "All that is in it but its id, as it was saved; null when that is forgotten.",
            plan: ($record: ExecutableStep) => column($record, "data"),
          },
          _metadata: {
            type: new GraphQLNonNull(types.metadata),
            description: "When and how it changed.",
            plan: ($record: ExecutableStep) => $record,
          },
        };
      },
    }),
    "SynclineRecordsPlugin",
  );
  build.registerCursorConnection({ typeName: "Record", nonNullNode: true });
};

const MODEL = { type: new GraphQLNonNull(GraphQLString), description: "The name of the model." };

/** Where fields of records are: at the root, on a connection, on a stream. */
export type Place = "root" | "connections" | "streams";

/** The place that a type of the schema is. */
export const placeOf = ({ isRootQuery, pgCodec }: GraphileBuild.ScopeObjectFields): Place | undefined => {
  if (isRootQuery === true) return "root";
  return pgCodec?.name === "connections" || pgCodec?.name === "streams" ? pgCodec.name : undefined;
};

/** Whose records are meant at a place. */
export const whoseRecords = (place: Place, $parent: ExecutableStep, args: FieldArgs) => {
  const nobody = constant(null);
  if (place === "root") {
    return { connection: nobody, connectionId: args.getRaw("connectionId") as ExecutableStep };
  }
  const id = place === "streams" ? "connection_row" : "id";
  return { connection: ($parent as RowStep).get(id), connectionId: nobody };
};

/** Adds `records` and `recordChanges`. */
export const createRecordsPlugin = (pages: RecordPages): GraphileConfig.Plugin => ({
  name: "SynclineRecordsPlugin",
  schema: {
    hooks: {
      init(_, build) {
        registerCommonTypes(build);
        registerRecord(build);
        return _;
      },
      GraphQLObjectType_fields(fields, build, { scope, fieldWithHooks }) {
        const place = placeOf(scope);
        if (place === undefined) return fields;
        const types = commonTypes(build);
        const fieldOf = (fieldName: string, { actions, says, usually }: Mode) =>
          fieldWithHooks({ fieldName }, () => {
            const { variant, ...common } = pageArguments(types, usually);
            return {
              type: build.getOutputTypeByName("RecordConnection"),
              description: says,
              args: {
                ...(place === "root" && connectionArguments(ANY_INTEGRATION)),
                ...(place !== "streams" && { model: MODEL, variant }),
                ...common,
              },
              plan: ($parent: ExecutableStep, args: FieldArgs) =>
                pages(
                  build.pgExecutor!,
                  {
                    ...whoseRecords(place, $parent, args),
                    integrations: place === "root" ? onlyIntegration(args) : constant(null),
                    model:
                      place === "streams"
                        ? ($parent as RowStep).get("model")
                        : (args.getRaw("model") as ExecutableStep),
                    variant:
                      place === "streams"
                        ? ($parent as RowStep).get("variant")
                        : (args.getRaw("variant") as ExecutableStep),
                    actions,
                  },
                  args,
                ),
            };
          });
        const added = Object.fromEntries(Object.entries(MODES).map(([name, mode]) => [name, fieldOf(name, mode)]));
        return build.extend(fields, added, "SynclineRecordsPlugin");
      },
    },
  },
});
