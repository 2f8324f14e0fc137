// The types that all fields of records share: when a record changed and how, and the arguments of a page.
import type {} from "postgraphile"; // what plugins may do
import { access, type ExecutableStep } from "postgraphile/grafast";
import {
  type GraphQLEnumType,
  type GraphQLFieldConfigArgumentMap,
  GraphQLInt,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLObjectType,
  type GraphQLScalarType,
  GraphQLString,
} from "postgraphile/graphql";
import type { ReadRecord } from "./read.ts";
import { USUAL_RECORDS } from "./steps.ts";

/** Types of the schema that the fields of records have. */
export type CommonTypes = {
  json: GraphQLScalarType;
  datetime: GraphQLScalarType;
  date: GraphQLScalarType;
  bigint: GraphQLScalarType;
  cursor: GraphQLScalarType;
  pageInfo: GraphQLObjectType;
  action: GraphQLEnumType;
  metadata: GraphQLObjectType;
};

const METADATA: [
  field: string,
  attribute: keyof ReadRecord,
  type: keyof CommonTypes,
  isNullable: boolean,
  says: string,
][] = [
  ["firstSeenAt", "first_seen_at", "datetime", false, "When it was saved first."],
  ["lastModifiedAt", "last_modified_at", "datetime", false, "When it changed last."],
  ["lastAction", "last_action", "action", false, "How it changed last."],
  ["deletedAt", "deleted_at", "datetime", true, "Since when it is deleted."],
  ["prunedAt", "pruned_at", "datetime", true, "Since when what was in it is forgotten."],
  ["cursor", "cursor", "cursor", false, "Where it stands among the changes: `after` it come those that follow."],
];

/** A part of a record as the reader gives it; a page learns so what is asked for. */
export const column = ($record: ExecutableStep, name: keyof ReadRecord): ExecutableStep =>
  "get" in $record && typeof $record.get === "function" ? $record.get(name) : access($record, [name]);

/** Registers the types `RecordAction` and `RecordMetadata`. */
export const registerCommonTypes = (build: GraphileBuild.Build): void => {
  build.registerEnumType(
    "RecordAction",
    {},
    () => ({
      description: "How a record changed last.",
      values: { ADDED: { value: "A" }, UPDATED: { value: "U" }, DELETED: { value: "D" } },
    }),
    "SynclineRecords",
  );
  build.registerObjectType(
    "RecordMetadata",
    {},
    () => ({
      description: "When and how a record changed.",
      fields: () => {
        const types = commonTypes(build);
        return Object.fromEntries(
          METADATA.map(([field, attribute, type, isNullable, description]) => {
            const plan = ($record: ExecutableStep) => column($record, attribute);
            return [field, { description, plan, type: isNullable ? types[type] : new GraphQLNonNull(types[type]) }];
          }),
        );
      },
    }),
    "SynclineRecords",
  );
};

/** The shared types of a schema that is being built. */
export const commonTypes = (build: GraphileBuild.Build): CommonTypes => {
  const scalar = (name: string) => build.getTypeByName(build.inflection.builtin(name)) as GraphQLScalarType;
  return {
    json: scalar("JSON"),
    datetime: scalar("Datetime"),
    date: scalar("Date"),
    bigint: scalar("BigInt"),
    cursor: scalar("Cursor"),
    pageInfo: build.getTypeByName(build.inflection.builtin("PageInfo")) as GraphQLObjectType,
    action: build.getTypeByName("RecordAction") as GraphQLEnumType,
    metadata: build.getTypeByName("RecordMetadata") as GraphQLObjectType,
  };
};

/** Which records of a connection a field gives; `usually` says what comes without a filter. */
export const pageArguments = (types: CommonTypes, usually: string): GraphQLFieldConfigArgumentMap => ({
  variant: { type: GraphQLString, description: "The variant of the sync that saved them; `base` unless given." },
  after: { type: types.cursor, description: "Only what changed after this one, in the order of changes." },
  first: { type: GraphQLInt, defaultValue: USUAL_RECORDS, description: "How many, at most 1,000." },
  filter: {
    type: new GraphQLList(new GraphQLNonNull(types.action)),
    description: `Only those that changed last in one of these ways. ${usually}`,
  },
  modifiedAfter: { type: types.datetime, description: "Only what changed at this time or later." },
  ids: { type: new GraphQLList(new GraphQLNonNull(GraphQLString)), description: "Only these, at most 1,000." },
});

/** Whose records: the connection by the name that its app gave it. */
export const connectionArguments = (integrationHint: string): GraphQLFieldConfigArgumentMap => ({
  connectionId: { type: new GraphQLNonNull(GraphQLString), description: "The name of the connection." },
  integration: { type: GraphQLString, description: integrationHint },
});
