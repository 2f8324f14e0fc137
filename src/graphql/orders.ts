// The orders of a view: `@order -created_at,id` makes CREATED_AT_DESC, the default, and CREATED_AT_ASC. All columns go the same
// way and are never null, and the last tells rows apart: so a page begins where an index can, however far in it is.
import type { PgCodec, PgSelectQueryBuilder } from "postgraphile/@dataplan/pg";
import type { GraphQLEnumValueConfigMap } from "postgraphile/graphql";

type Direction = "ASC" | "DESC";

const nameOf = (column: string): string => column.replace(/_row$/, "").toUpperCase();

const orderBy = (columns: string[], direction: Direction) => ({
  extensions: {
    grafast: {
      apply: (query: PgSelectQueryBuilder) => {
        for (const attribute of columns) query.orderBy({ attribute, direction });
        query.setOrderIsUnique();
      },
    },
  },
});

/** The values of the enum `…OrderBy` of a view. */
export const ordersOf = (codec: PgCodec): GraphQLEnumValueConfigMap => {
  const tags = codec.extensions?.tags as Record<string, string | string[]> | undefined;
  const orders = [tags?.order ?? []].flat().flatMap((line) => {
    const columns = line.replace(/^-/, "").split(",");
    const directions: Direction[] = line.startsWith("-") ? ["DESC", "ASC"] : ["ASC", "DESC"];
    return directions.map((direction) => [`${nameOf(columns[0]!)}_${direction}`, orderBy(columns, direction)] as const);
  });
  return Object.fromEntries(orders) as GraphQLEnumValueConfigMap;
};
