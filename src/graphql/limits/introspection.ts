// What a schema shows of itself: nothing where introspection is off, and otherwise no more than clients ask for. Lists of
// fields within lists of fields are refused: on five hundred types they are a million objects and one busy processor.
import {
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  NoSchemaIntrospectionCustomRule,
  type SelectionNode,
  type ValidationRule,
} from "postgraphile/graphql";

const OF_SCHEMA = ["__schema", "__type"];
const MOST_ROOTS = 10;

// The lists of a type that lead to other types.
const LISTS = ["fields", "inputFields", "interfaces", "possibleTypes"];

const NestedListsRule: ValidationRule = (context) => {
  let roots = 0;
  const nests = (nodes: readonly SelectionNode[], isWithin: boolean, spread: readonly string[]): boolean =>
    nodes.some((node) => {
      if (node.kind === Kind.FRAGMENT_SPREAD) {
        const name = node.name.value;
        const fragment: FragmentDefinitionNode | null | undefined = context.getFragment(name);
        if (!fragment || spread.includes(name)) return false;
        return nests(fragment.selectionSet.selections, isWithin, [...spread, name]);
      }
      const inner = node.selectionSet?.selections ?? [];
      if (node.kind === Kind.INLINE_FRAGMENT) return nests(inner, isWithin, spread);
      const isList = LISTS.includes(node.name.value);
      return (isList && isWithin) || nests(inner, isWithin || isList, spread);
    });
  return {
    Field(node) {
      if (!OF_SCHEMA.includes(node.name.value)) return;
      roots += 1;
      if (roots > MOST_ROOTS || (roots > 1 && node.name.value === "__schema")) {
        context.reportError(new GraphQLError("Introspection is asked for too often in one document.", { nodes: node }));
      } else if (nests(node.selectionSet?.selections ?? [], false, [])) {
        const message = "Introspection may not ask for fields of the types of fields: ask for each type by name.";
        context.reportError(new GraphQLError(message, { nodes: node }));
      }
    },
  };
};

/** The rules about introspection. */
export const rulesAgainstIntrospection = (isAllowed: boolean): ValidationRule[] =>
  isAllowed ? [NestedListsRule] : [NoSchemaIntrospectionCustomRule];
