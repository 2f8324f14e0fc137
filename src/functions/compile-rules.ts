// What a function file must keep to beyond compiling: rules about its text. Errors are what loses data or work without a
// word; what is only odd, or could be meant, is a warning.
import type { Declaration } from "./compile-declaration.ts";
import {
  type Call,
  findMember,
  isCall,
  type Node,
  nangoMethod,
  type Program,
  placeOf,
  unwrap,
  walk,
} from "./compile-parse.ts";
import type { Problem } from "./compile-problem.ts";
import { orderProblems } from "./compile-rules-order.ts";

export type RuleProblem = Omit<Problem, "file">;

const MUST_AWAIT = new Set(
  `batchSave batchDelete batchSend get post put patch delete proxy getConnection getMetadata setMetadata
  getEnvironmentVariables getFieldMapping setFieldMapping setMergingStrategy trackDeletesStart trackDeletesEnd
  deleteRecordsFromPreviousExecutions triggerAction`.split(/\s+/),
);

// Files in use get away without: a line that is not logged in time harms nobody, the others do their work before the run ends.
const SHOULD_AWAIT = new Set(
  `log batchUpdate getRecordsByIds getCheckpoint saveCheckpoint clearCheckpoint updateMetadata getToken getIntegration
  getWebhookURL triggerSync startSync tryAcquireLock releaseLock releaseAllLocks uncontrolledFetch zodValidateInput`.split(
    /\s+/,
  ),
);

const CHAINS = ["then", "catch", "finally"];

const isChained = (parent: Node): boolean =>
  (parent.type === "MemberExpression" || parent.type === "OptionalMemberExpression") &&
  parent.property.type === "Identifier" &&
  CHAINS.includes(parent.property.name);

/** Whether the promise `node` is lost: nobody gets it, or a property is read from it as if it were the result. */
const isLost = (node: Node, [parent, ...ancestors]: Node[]): boolean => {
  if (parent === undefined || isChained(parent)) return false;
  switch (parent.type) {
    case "ExpressionStatement":
      return true;
    case "MemberExpression":
    case "OptionalMemberExpression":
      return parent.object === node;
    case "LogicalExpression":
    case "ConditionalExpression":
      return isLost(parent, ancestors);
    case "SequenceExpression":
      return parent.expressions.at(-1) !== node || isLost(parent, ancestors);
    default:
      return unwrap(parent) !== parent && isLost(parent, ancestors);
  }
};

const awaitProblems = (call: Call, ancestors: Node[], method: string): RuleProblem[] => {
  const level = MUST_AWAIT.has(method) ? "error" : "warning";
  if (level === "warning" && !SHOULD_AWAIT.has(method)) return [];
  if (!isLost(call, ancestors)) return [];
  return [
    { level, ...placeOf(call), message: `Nothing waits for nango.${method}: write \`await nango.${method}(...)\`.` },
  ];
};

const retryProblems = ({ arguments: [first] }: Call): RuleProblem[] => {
  const config = first && unwrap(first as Node);
  if (config?.type !== "ObjectExpression") return [];
  const retryOn = findMember(config, "retryOn");
  if (retryOn === undefined || findMember(config, "retries") !== undefined) return [];
  if (config.properties.some(({ type }) => type === "SpreadElement")) return [];
  const message = '"retryOn" does nothing without "retries": say how often to try again, such as `retries: 3`.';
  return [{ level: "warning", ...placeOf(retryOn), message }];
};

const callProblems = (program: Program): RuleProblem[] => {
  const problems: RuleProblem[] = [];
  const visit = (node: Node, outer: readonly Node[]): undefined => {
    const method = isCall(node) ? nangoMethod(node) : undefined;
    if (method === undefined) return;
    problems.push(...awaitProblems(node as Call, outer.toReversed(), method), ...retryProblems(node as Call));
  };
  for (const statement of program.body) walk(statement, visit);
  return problems;
};

/** Of a function that works, though its text does not say what it is. */
export const declarationProblems = ({ exported, call, options }: Declaration): RuleProblem[] => {
  if (exported === undefined || options !== undefined) return [];
  const says =
    call === undefined
      ? "Write the function in this file: `export default createSync({ ... })`, or createAction, or createOnEvent."
      : "Write the options where the function is made: `createSync({ ... })`.";
  const message = `${says} What is elsewhere cannot be checked, and Nango refuses it.`;
  return [{ level: "warning", ...placeOf(call ?? exported), message }];
};

/** Nango takes both, and neither is ever called. */
const webhookProblems = ({ options }: Declaration): RuleProblem[] => {
  if (options === undefined || options.properties.some(({ type }) => type === "SpreadElement")) return [];
  const subscriptions = findMember(options, "webhookSubscriptions");
  const handler = findMember(options, "onWebhook") ?? findMember(options, "onWebhookBatch");
  const warning = (node: Node, message: string): RuleProblem[] => [{ level: "warning", ...placeOf(node), message }];
  if (subscriptions !== undefined && handler === undefined) {
    return warning(subscriptions, '"webhookSubscriptions" does nothing without "onWebhook": write what is to be done.');
  }
  if (handler === undefined || subscriptions !== undefined) return [];
  return warning(handler, 'Nothing calls it without "webhookSubscriptions": name event types, or "*" for all.');
};

const VALUES = ["VariableDeclaration", "FunctionDeclaration", "ClassDeclaration", "TSEnumDeclaration"];

const exportProblems = ({ body }: Program): RuleProblem[] =>
  body.flatMap((statement): RuleProblem[] => {
    if (statement.type !== "ExportNamedDeclaration" || !VALUES.includes(statement.declaration?.type ?? "")) return [];
    const message = "A function file exports nothing but its function: move what others need to a file of its own.";
    return [{ level: "warning", ...placeOf(statement), message }];
  });

/** Of the file that declares a function. */
export const entryProblems = (program: Program, declaration: Declaration): RuleProblem[] => [
  ...exportProblems(program),
  ...callProblems(program),
  ...orderProblems(declaration),
  ...webhookProblems(declaration),
];

/** Of a file that functions import: Nango looks at none of these, so nothing here is refused. */
export const helperProblems = (program: Program): RuleProblem[] =>
  callProblems(program).map((problem) => ({ ...problem, level: "warning" }));
