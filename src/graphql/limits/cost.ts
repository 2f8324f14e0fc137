// What an operation can cost at most: how many values its answer may have. A field counts once for every row of all the
// pages it is in, so `first: 100` within `first: 100` makes ten thousand of each field there.
import {
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isCompositeType,
  isListType,
  isNonNullType,
  isObjectType,
  Kind,
  type SelectionSetNode,
  type ValueNode,
} from "postgraphile/graphql";
import { AppError } from "../../errors.ts";
import type { Limits } from "./limits.ts";
import type { Variables } from "./pages.ts";
import { tooMuch } from "./refuse.ts";

const ROWS_OF_A_LIST_WITHOUT_PAGES = 10;
const MUTATION_COST = 100;

// What a connection has beside its rows is there once.
const ROWS = ["nodes", "edges"];

type Walk = {
  schema: GraphQLSchema;
  limits: Limits;
  fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  variables: Variables;
  defaults: Variables;
  known: Map<string, number>;
};

const isList = (type: GraphQLOutputType): boolean => isListType(isNonNullType(type) ? type.ofType : type);

const numberIn = ({ variables, defaults }: Walk, value: ValueNode | undefined): number | undefined => {
  if (value?.kind === Kind.INT) return Number(value.value);
  if (value?.kind !== Kind.VARIABLE) return undefined;
  const name = value.name.value;
  const given = variables[name] ?? defaults[name];
  return given === undefined || given === null ? undefined : Number(given);
};

/** How many rows a field asks for; 1 for one that has no pages. Throws when it is more than a page may have. */
const rowsOf = (walk: Walk, node: FieldNode, { args, type }: GraphQLField<unknown, unknown>): number => {
  if (ROWS.includes(node.name.value)) return 1; // as many as the page that they are of: costOf multiplies
  if (!args.some(({ name }) => name === "first"))
    return isList(type) && isCompositeType(getNamedType(type)) ? ROWS_OF_A_LIST_WITHOUT_PAGES : 1;
  const { limits } = walk;
  const [first, last] = ["first", "last"].map((name) =>
    numberIn(walk, node.arguments?.find((argument) => argument.name.value === name)?.value),
  );
  const most = Math.max(first ?? 0, last ?? 0);
  const { pageSize } = limits;
  if (most > pageSize) {
    const how = `${node.name.value} has pages of at most ${pageSize} rows: page on with "after" and the last cursor.`;
    throw tooMuch(limits, "pageSize", most, how);
  }
  // A variable that is no number is refused when its value is read.
  return Number.isNaN(most) ? pageSize : (first ?? last ?? limits.defaultPage);
};

const hasRowsBeneath = (type: GraphQLCompositeType): boolean =>
  isObjectType(type) && ROWS.some((name) => name in type.getFields());

const costOfField = (walk: Walk, parent: GraphQLCompositeType, node: FieldNode): number => {
  const field = "getFields" in parent ? parent.getFields()[node.name.value] : undefined;
  if (field === undefined || node.selectionSet === undefined) return 1; // __typename, or what the schema says of itself
  const type = getNamedType(field.type) as GraphQLCompositeType;
  const rows = rowsOf(walk, node, field);
  if (!isList(field.type) && hasRowsBeneath(type)) return 1 + costOf(walk, type, node.selectionSet, rows);
  return 1 + rows * costOf(walk, type, node.selectionSet);
};

const costOfFragment = (walk: Walk, name: string, rows: number): number => {
  const at = `${name} ${rows}`;
  const found = walk.known.get(at);
  if (found !== undefined) return found;
  const { typeCondition, selectionSet } = walk.fragments.get(name) as FragmentDefinitionNode;
  const type = walk.schema.getType(typeCondition.name.value) as GraphQLCompositeType;
  const cost = costOf(walk, type, selectionSet, rows);
  walk.known.set(at, cost);
  return cost;
};

/** The cost of a selection; `rows` is how many a connection's `nodes` and `edges` hold. */
const costOf = (walk: Walk, type: GraphQLCompositeType, { selections }: SelectionSetNode, rows = 1): number => {
  let cost = 0;
  for (const node of selections) {
    if (node.kind === Kind.FRAGMENT_SPREAD) cost += costOfFragment(walk, node.name.value, rows);
    else if (node.kind === Kind.INLINE_FRAGMENT) {
      const condition = node.typeCondition?.name.value;
      const inner = condition === undefined ? type : (walk.schema.getType(condition) as GraphQLCompositeType);
      cost += costOf(walk, inner, node.selectionSet, rows);
    } else cost += costOfField(walk, type, node) * (ROWS.includes(node.name.value) ? rows : 1);
  }
  return cost;
};

/** Throw `query_limit_exceeded` when a page is larger or the whole dearer than allowed. The operation must be valid. */
export const checkCost = (
  asked: Omit<Walk, "known"> & { root: GraphQLCompositeType; selectionSet: SelectionSetNode; isMutation: boolean },
): void => {
  const { limits, root, selectionSet } = asked;
  const walk = { ...asked, known: new Map<string, number>() };
  const each = asked.isMutation ? MUTATION_COST * selectionSet.selections.length : 0;
  const cost = costOf(walk, root, selectionSet) + each;
  if (Number.isNaN(cost)) throw new AppError("query_invalid", "A page size is no number.");
  if (cost <= limits.cost) return;
  const how = `The answer could have ${Math.round(cost)} values, ${limits.cost} are allowed: ask for smaller pages (first), fewer fields, or fewer relations at once.`;
  throw tooMuch(limits, "cost", cost, how);
};
