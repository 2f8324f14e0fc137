// Documents that ask for everything, made from a schema: what a new view or field adds is asked for by itself.
import {
  type GraphQLField,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
  isRequiredArgument,
} from "postgraphile/graphql";

export type Field = GraphQLField<unknown, unknown>;

/** Values for an argument or a field of an input: literals of GraphQL. `of` is the type that is asked for. */
export type Literals = (name: string, type: GraphQLInputType, of: GraphQLNamedType) => string[];

const ROWS = 10;
const PARTS_WITHIN_PARTS = 2;

/** The fields of a type, none for a leaf. */
export const fieldsOf = (type: GraphQLNamedType): Field[] =>
  isObjectType(type) || isInterfaceType(type) ? Object.values(type.getFields()) : [];

const isConnection = (type: GraphQLNamedType): boolean => fieldsOf(type).some(({ name }) => name === "pageInfo");

/** The type of the rows that a field leads to. */
export const rowType = (type: GraphQLOutputType): GraphQLNamedType => {
  const named = getNamedType(type);
  const nodes = fieldsOf(named).find(({ name }) => name === "nodes");
  return isConnection(named) && nodes !== undefined ? getNamedType(nodes.type) : named;
};

/** Whether a field can be asked for without arguments. */
export const isPlain = ({ args }: Field): boolean => !args.some(isRequiredArgument);
const isPaged = ({ args }: Field): boolean => args.some(({ name }) => name === "first");

/** What leads from a type to others and needs no argument. */
export const relationsOf = (type: GraphQLNamedType): Field[] =>
  fieldsOf(type).filter((field) => isPlain(field) && !isLeafType(getNamedType(field.type)));

/** Whether a field is a part of its row rather than another row. */
const isPart = ({ type, args }: Field): boolean => {
  const named = getNamedType(type);
  const isRow = named.name === "Query" || fieldsOf(named).some(({ name }) => name === "nodeId");
  return args.length === 0 && isObjectType(named) && !isRow && !isConnection(named);
};

const selectRows = (type: GraphQLNamedType, inner: string): string => {
  if (!isConnection(type)) return `{ ${inner} }`;
  const total = fieldsOf(type).some(({ name }) => name === "totalCount") ? "totalCount" : "";
  return `{ __typename ${total} pageInfo { hasNextPage startCursor endCursor } edges { __typename cursor } nodes { ${inner} } }`;
};

export type Documents = ReturnType<typeof createDocuments>;

/** The types that rows of this type can have: several of an interface, whose fields are asked for one type at a time. */
export const kindsOf = (schema: GraphQLSchema, type: GraphQLNamedType): readonly GraphQLNamedType[] =>
  isAbstractType(type) ? schema.getPossibleTypes(type) : [type];

/** Makes documents for a schema. */
export const createDocuments = () => {
  /** Everything that a row says of itself, and, `depth` relations further, what they lead to. */
  const select = (type: GraphQLNamedType, depth: number): string => {
    const leaves = fieldsOf(type).filter((field) => isPlain(field) && isLeafType(getNamedType(field.type)));
    const further = relationsOf(type)
      .filter((field) => depth > 0 || (isPart(field) && depth > -PARTS_WITHIN_PARTS))
      .map((field) => follow(field, depth - 1));
    return ["__typename", ...leaves.map(({ name }) => name), ...further].join(" ");
  };

  /** A field with arguments, down to what it leads to; under `alias` where one is given, and as rows of `kind`. */
  const follow = (field: Field, depth: number, args = "", alias?: string, kind = rowType(field.type)): string => {
    const given = [
      ...(isPaged(field) && !/\b(first|last):/.test(args) ? [`first: ${ROWS}`] : []),
      ...(args ? [args] : []),
    ];
    const type = getNamedType(field.type);
    const plain = select(kind, depth);
    const inner = kind === rowType(field.type) ? plain : `__typename ... on ${kind.name} { ${plain} }`;
    const selection = isLeafType(type) ? "" : selectRows(type, inner);
    return `${alias === undefined ? "" : `${alias}: `}${field.name}${given.length > 0 ? `(${given.join(", ")})` : ""} ${selection}`;
  };

  /** Ways to give a field its arguments with these values: each argument by itself beside those it cannot do without. */
  const waysToAsk = (field: Field, literals: Literals): string[] => {
    const of = rowType(field.type);
    const required = field.args.filter(isRequiredArgument);
    const valuesOf = new Map(required.map(({ name, type }) => [name, valuesFor(name, type, of, literals)]));
    const most = Math.max(1, ...[...valuesOf.values()].map((values) => values.length));
    const bases = Array.from({ length: most }, (_, index) =>
      required
        .map(({ name }) => `${name}: ${valuesOf.get(name)?.at(index % valuesOf.get(name)!.length) ?? "null"}`)
        .join(", "),
    );
    const optional = field.args.filter(
      (argument) => !isRequiredArgument(argument) && !["first", "last"].includes(argument.name),
    );
    const others = optional.flatMap(({ name, type }) =>
      valuesFor(name, type, of, literals).map((value) => `${name}: ${value}`),
    );
    return [
      ...(required.length > 0 ? bases : []),
      ...others.map((other) => [bases[0], other].filter(Boolean).join(", ")),
    ];
  };

  const valuesFor = (name: string, type: GraphQLInputType, of: GraphQLNamedType, literals: Literals): string[] => {
    const named = getNamedType(type);
    if (isEnumType(named)) return named.getValues().map(({ name: value }) => (isList(type) ? `[${value}]` : value));
    if (!isInputObjectType(named))
      return literals(name, type, of).map((value) => (isList(type) ? `[${value}]` : value));
    const fields = Object.values(named.getFields());
    const required = fields.filter((field) => isNonNullType(field.type) && field.defaultValue === undefined);
    const valuesOf = required.map((field) => valuesFor(field.name, field.type, of, literals));
    const most = Math.max(1, ...valuesOf.map((values) => values.length));
    const bases = Array.from({ length: most }, (_, index) =>
      required
        .map((field, at) => `${field.name}: ${valuesOf[at]?.at(index % valuesOf[at]!.length) ?? "null"}`)
        .join(", "),
    );
    const optional = fields.filter((field) => !required.includes(field) && field.name !== "clientMutationId");
    const others = optional.flatMap((field) =>
      valuesFor(field.name, field.type, of, literals).map((value) => `${field.name}: ${value}`),
    );
    const all = required.length > 0 ? bases : [];
    return [...all, ...others.map((other) => [bases[0], other].filter(Boolean).join(", "))].map(
      (text) => `{ ${text} }`,
    );
  };
  return { select, follow, waysToAsk };
};

const isList = (type: GraphQLInputType): boolean => isListType(isNonNullType(type) ? type.ofType : type);
