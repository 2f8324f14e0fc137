// What every request passes before it is planned, over HTTP and over a socket alike: its text is parsed, measured and
// validated, its variables are looked at, and what it can cost is added up.
import {
  type DocumentNode,
  type FragmentDefinitionNode,
  type GraphQLCompositeType,
  GraphQLError,
  type GraphQLSchema,
  getOperationAST,
  Kind,
  type OperationDefinitionNode,
  parse,
  specifiedRules,
  type ValidationRule,
  validate,
} from "postgraphile/graphql";
import { AppError } from "../../errors.ts";
import { invalidQuery, toGraphqlError } from "../errors.ts";
import { checkCost } from "./cost.ts";
import { checkExtent } from "./extent.ts";
import { rulesAgainstIntrospection } from "./introspection.ts";
import type { Limits } from "./limits.ts";
import { createMemories } from "./memory.ts";
import { type Paged, type Variables, withPageSizes, withPages } from "./pages.ts";
import { tooMuch } from "./refuse.ts";
import { isDeeperThan } from "./variables.ts";

const MOST_ERRORS = 10;
const TOO_MANY_TOKENS = /Document contains more tha. \d+ tokens/; // graphql-js has no code for it

export type Refused = { errors: readonly GraphQLError[] };

/** A document that may be planned. */
export type Checked = Paged & { errors?: undefined };

export type Gate = {
  /** Parse, measure and validate a query. */
  check: (schema: GraphQLSchema, query: string) => Checked | Refused;
  /** The variables an operation may run with; throws AppError for what is too much. */
  admit: (
    schema: GraphQLSchema,
    asked: {
      document: DocumentNode;
      operationName?: string | null | undefined;
      variables?: Variables | null | undefined;
    },
  ) => Variables;
};

const parseWithin = (query: string, limits: Limits): DocumentNode => {
  try {
    return parse(query, { maxTokens: limits.tokens });
  } catch (error) {
    if (error instanceof RangeError)
      throw tooMuch(limits, "depth", Number.POSITIVE_INFINITY, `The query is deeper than ${limits.depth} fields.`);
    if (!(error instanceof GraphQLError)) throw error;
    if (!TOO_MANY_TOKENS.test(error.message)) throw invalidQuery(error, "query_syntax_error");
    const how = `The query has more than ${limits.tokens} words and signs: put values into variables, ask for fewer fields, or in several requests.`;
    throw tooMuch(limits, "tokens", Number.POSITIVE_INFINITY, how);
  }
};

const defaultsOf = ({ variableDefinitions = [] }: OperationDefinitionNode): Variables =>
  Object.fromEntries(
    variableDefinitions.map(({ variable, defaultValue }) => [
      variable.name.value,
      defaultValue?.kind === Kind.INT ? Number(defaultValue.value) : undefined,
    ]),
  );

const fragmentsOf = ({ definitions }: DocumentNode): Map<string, FragmentDefinitionNode> =>
  new Map(definitions.flatMap((node) => (node.kind === Kind.FRAGMENT_DEFINITION ? [[node.name.value, node]] : [])));

/** A gate with these limits. Without `introspection` the schema does not show itself. */
export const createGate = ({ limits, introspection }: { limits: Limits; introspection: boolean }): Gate => {
  const rules: ValidationRule[] = [...specifiedRules, ...rulesAgainstIntrospection(introspection)];
  const memoryOf = createMemories<Checked>();
  const paged = new WeakMap<DocumentNode, Paged>();

  const examine = (schema: GraphQLSchema, query: string): Checked | Refused => {
    const document = parseWithin(query, limits);
    checkExtent(document, limits);
    const errors = validate(schema, document, rules, { maxErrors: MOST_ERRORS });
    if (errors.length > 0) return { errors: errors.map((error) => invalidQuery(error)) };
    const checked = withPages(schema, document, limits.defaultPage);
    paged.set(checked.document, checked);
    return checked;
  };

  const check: Gate["check"] = (schema, query) => {
    const known = memoryOf(schema).get(query);
    if (known !== undefined) return known;
    try {
      const checked = examine(schema, query);
      if (checked.errors === undefined) memoryOf(schema).set(query, checked);
      return checked;
    } catch (error) {
      if (error instanceof AppError) return { errors: [toGraphqlError(error)] };
      if (error instanceof GraphQLError) return { errors: [error] };
      throw error;
    }
  };

  const admit: Gate["admit"] = (schema, { document, operationName, variables }) => {
    const given = variables ?? {};
    if (isDeeperThan(given, limits.variableDepth)) {
      const how = `The variables are nested deeper than ${limits.variableDepth} lists and objects.`;
      throw tooMuch(limits, "variableDepth", Number.POSITIVE_INFINITY, how);
    }
    const operation = getOperationAST(document, operationName);
    if (operation === null || operation === undefined) return given; // that there is none is said when it is run
    const { selectionSet } = operation;
    const defaults = defaultsOf(operation);
    const pages = paged.get(document);
    const sized = pages === undefined ? given : withPageSizes(pages, given, defaults, limits.defaultPage);
    const root = schema.getRootType(operation.operation) as GraphQLCompositeType;
    const isMutation = operation.operation === "mutation";
    checkCost({
      schema,
      limits,
      fragments: fragmentsOf(document),
      variables: sized,
      defaults,
      root,
      selectionSet,
      isMutation,
    });
    return sized;
  };
  return { check, admit };
};
