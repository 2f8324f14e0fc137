// What a view can be filtered by beside equality of its columns: spans of time, a lowest level, and the connection.
import type { PgCodec, PgCondition } from "postgraphile/@dataplan/pg";
import type { GraphQLInputFieldConfig, GraphQLInputType } from "postgraphile/graphql";
import type { SQL } from "postgraphile/pg-sql2";
import { tagLines } from "./tags.ts";

type Build = GraphileBuild.Build;
type Field = { type: GraphQLInputType; description: string; test: (alias: SQL, value: unknown) => SQL };

const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const prefixed = (prefix: string | undefined, name: string): string =>
  prefix === undefined ? name : prefix + name[0]!.toUpperCase() + name.slice(1);

const ranges = (build: Build, codec: PgCodec): [string, Field][] => {
  const { sql } = build;
  return tagLines(codec.extensions?.tags, "range").flatMap(([column, prefix, numberAt]) => {
    const type = build.getGraphQLTypeByPgCodec(codec.attributes![column!]!.codec, "input") as GraphQLInputType;
    const at = (value: unknown) => sql`${sql.value(value as string)}::timestamptz`;
    const of = (alias: SQL) => sql`${alias}.${sql.identifier(column!)}`;
    // Where numbers go with the time they are bounded too, as they have an index; the room is for clocks that differ.
    const number = (value: SQL) => sql`(select syncline.${sql.identifier(numberAt!)}(${value}))`;
    const since: Field["test"] = (alias, value) => {
      const exact = sql`${of(alias)} >= ${at(value)}`;
      if (numberAt === undefined) return exact;
      return sql`${exact} and ${alias}.id > ${number(sql`${at(value)} - interval '10 min'`)}`;
    };
    const before: Field["test"] = (alias, value) => {
      const exact = sql`${of(alias)} < ${at(value)}`;
      if (numberAt === undefined) return exact;
      return sql`${exact} and ${alias}.id < ${number(sql`${at(value)} + interval '10 min'`)} + 100`;
    };
    return [
      [prefixed(prefix, "since"), { type, description: "At this time or later.", test: since }],
      [prefixed(prefix, "before"), { type, description: "Before this time.", test: before }],
    ];
  });
};

const levels = (build: Build, codec: PgCodec): [string, Field][] => {
  const { sql } = build;
  return tagLines(codec.extensions?.tags, "least").map(([column, ...values]) => {
    const type = build.getGraphQLTypeByPgCodec(codec.attributes![column!]!.codec, "input") as GraphQLInputType;
    // The words themselves, not a parameter: so the index of warnings and errors can be seen to fit.
    const test = (alias: SQL, value: unknown) =>
      sql`${alias}.${sql.identifier(column!)} in (${sql.join(values.slice(values.indexOf(value as string)).map(sql.literal), ", ")})`;
    return [camel(column!), { type, description: "This or a higher one.", test }];
  });
};

const connections = (build: Build, codec: PgCodec): [string, Field][] => {
  const { sql } = build;
  const { GraphQLString: type } = build.graphql;
  return tagLines(codec.extensions?.tags, "via").flatMap(([column]) => {
    const test = (name: string) => (alias: SQL, value: unknown) =>
      sql`${alias}.${sql.identifier(column!)} in (select n.id from api.connections n where n.${sql.identifier(name)} = ${sql.value(value as string)})`;
    return [
      ["integration", { type, description: "The `uniqueKey` of the integration.", test: test("integration") }],
      ["connectionId", { type, description: "The id of the connection.", test: test("connection_id") }],
    ];
  });
};

/** The fields of the input `…Condition` of a view that its tags ask for. */
export const conditionsOf = (build: Build, codec: PgCodec): Record<string, GraphQLInputFieldConfig> => {
  const fields = [...ranges(build, codec), ...levels(build, codec), ...connections(build, codec)];
  const field = ({ type, description, test }: Field): GraphQLInputFieldConfig => ({
    type,
    description,
    extensions: {
      grafast: {
        apply: (condition: PgCondition, value: unknown) => {
          if (value != null) condition.where(test(condition.alias, value));
        },
      },
    },
  });
  return Object.fromEntries(fields.map(([name, one]) => [name, field(one)]));
};
