// What the comments of schema api say beyond PostGraphile's own tags; see sql/90_api.sql.
//   of a column  @nullable  @hidden  @enum Name value value …
//   of a view    @order [-]column,column   two ways to order, ASC and DESC; "-": DESC first. The first of all is the default.
//                @filter column column     equality    @range column [prefix] [function]   …Since, …Before
//                @least column low … high  at least    @via column              by the connection that column refers to
// So whatever can be filtered or ordered by stands in one place, beside the view, and has an index.
import { enumCodec, type PgCodecAttribute, type PgEnumCodec, TYPES } from "postgraphile/@dataplan/pg";
import { conditionsOf } from "./conditions.ts";
import { ordersOf } from "./orders.ts";
import { tagLines } from "./tags.ts";

type Column = { attname: string; getTags: () => Partial<Record<string, unknown>> | undefined };

const isKey = (column: string): boolean => column.endsWith("_row");

// One codec a name, whatever the number of schemas and columns.
const enums = new Map<string, PgEnumCodec<string, string>>();

const enumOf = ([name, ...values]: string[]): PgEnumCodec<string, string> => {
  const found = enums.get(name!) ?? enumCodec({ name: name!, identifier: TYPES.text.sqlType, values });
  enums.set(name!, found);
  return found;
};

/** Reads our tags. */
export const ShapePlugin: GraphileConfig.Plugin = {
  name: "SynclineShapePlugin",
  gather: {
    hooks: {
      pgCodecs_attribute(_info, { pgAttribute, attribute }) {
        const { attname, getTags } = pgAttribute as unknown as Column;
        const tags = getTags.call(pgAttribute);
        const column = attribute as PgCodecAttribute;
        column.notNull = tags?.nullable === undefined && !isKey(attname);
        for (const words of tagLines(tags, "enum")) column.codec = enumOf(words);
      },
    },
  },
  schema: {
    entityBehavior: {
      pgCodecAttribute: {
        override: (behavior, [codec, name]) => {
          const filters = tagLines(codec.extensions?.tags, "filter").flat();
          const isHidden = isKey(name) || codec.attributes[name]?.extensions?.tags?.hidden !== undefined;
          return [
            behavior,
            "-attribute:orderBy",
            filters.includes(name) ? "attribute:filterBy" : "-attribute:filterBy",
            ...(isHidden ? (["-attribute:select"] as const) : []),
          ];
        },
      },
    },
    hooks: {
      GraphQLEnumType_values: (values, _build, { scope }) =>
        scope.isPgRowSortEnum && scope.pgCodec ? ordersOf(scope.pgCodec) : values,
      GraphQLInputObjectType_fields: (fields, build, { scope }) =>
        scope.isPgCondition && scope.pgCodec
          ? build.extend(fields, conditionsOf(build, scope.pgCodec), "the tags of the view")
          : fields,
      // Pages begin at cursors: an offset reads all that it skips. A plain list is short and given whole.
      GraphQLObjectType_fields_field_args: {
        after: ["PgFirstLastBeforeAfterArgsPlugin", "PgConditionArgumentPlugin", "PgConnectionArgOrderByPlugin"],
        callback: ({ offset: _offset, ...args }, _build, { scope }) => (scope.isPgFieldSimpleCollection ? {} : args),
      },
    },
  },
};
