// Every list has a page size: where a query gives none, it is put in, so that nobody reads a million rows by leaving
// `first` out.
import {
  type ArgumentNode,
  type DocumentNode,
  type FieldNode,
  type GraphQLSchema,
  Kind,
  TypeInfo,
  type ValueNode,
  visit,
  visitWithTypeInfo,
} from "postgraphile/graphql";

/** The values of an operation's variables, as they were sent. */
export type Variables = { readonly [name: string]: unknown };

/** Two arguments that say how large a page is, when a variable decides whether either does. */
type Deciders = { readonly first: ValueNode | undefined; readonly last: ValueNode | undefined };

/** A document in which every page has a size or variables that give one. */
export type Paged = { document: DocumentNode; deciders: readonly Deciders[] };

const givenAs = (node: FieldNode, name: string): ValueNode | undefined => {
  const value = node.arguments?.find((argument) => argument.name.value === name)?.value;
  return value?.kind === Kind.NULL ? undefined : value;
};

const isVariable = (value: ValueNode | undefined): boolean => value?.kind === Kind.VARIABLE;

/** Put `first` into every field that takes it and was given no size. The document must be valid. */
export const withPages = (schema: GraphQLSchema, document: DocumentNode, size: number): Paged => {
  const deciders: Deciders[] = [];
  const info = new TypeInfo(schema);
  const first: ArgumentNode = {
    kind: Kind.ARGUMENT,
    name: { kind: Kind.NAME, value: "first" },
    value: { kind: Kind.INT, value: String(size) },
  };
  const enter = (node: FieldNode): FieldNode | undefined => {
    const argument = info.getFieldDef()?.args.find(({ name }) => name === "first");
    if (argument === undefined) return undefined;
    const given = { first: givenAs(node, "first"), last: givenAs(node, "last") };
    if (isVariable(given.first) || isVariable(given.last)) {
      if (given.first?.kind !== Kind.INT && given.last?.kind !== Kind.INT) deciders.push(given);
      return undefined;
    }
    if (given.first !== undefined || given.last !== undefined || argument.defaultValue !== undefined) return undefined;
    const others = node.arguments?.filter(({ name }) => name.value !== "first") ?? [];
    return { ...node, arguments: [...others, first] };
  };
  return { document: visit(document, visitWithTypeInfo(info, { Field: { enter } })), deciders };
};

const nameOf = (value: ValueNode | undefined): string | undefined =>
  value?.kind === Kind.VARIABLE ? value.name.value : undefined;

/** The variables, with a page size for those that decide one and have none. `defaults` are what the operation gives them. */
export const withPageSizes = (
  { deciders }: Paged,
  variables: Variables,
  defaults: Variables,
  size: number,
): Variables => {
  const added: { [name: string]: number } = {};
  const has = (name: string | undefined) => name !== undefined && (variables[name] ?? defaults[name] ?? null) !== null;
  for (const { first, last } of deciders) {
    const names = [nameOf(first), nameOf(last)];
    const [name] = names.filter((one) => one !== undefined);
    if (name !== undefined && !names.some(has)) added[name] = size;
  }
  return Object.keys(added).length === 0 ? variables : { ...variables, ...added };
};
