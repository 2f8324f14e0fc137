// The order of calls in `exec`, where another order deletes or overwrites records. By line of the text, as a reader sees it:
// only what stands in exec itself, and only models named by a literal.
import type { Declaration } from "./compile-declaration.ts";
import { type Call, findMember, isCall, type Node, nangoMethod, placeOf, walk } from "./compile-parse.ts";
import type { RuleProblem } from "./compile-rules.ts";

/** `branches` are the parts of an if, a switch or a catch that it stands in: it may never be reached. */
type Found = { call: Call; method: string; line: number; model: string | undefined; branches: Node[] };

const BATCHES = ["batchSave", "batchUpdate", "batchDelete", "batchSend"];
const REQUESTS = ["get", "post", "put", "patch", "delete", "proxy"];

const MODEL_FIRST = ["trackDeletesStart", "trackDeletesEnd", "deleteRecordsFromPreviousExecutions"];

const modelOf = ({ arguments: args }: Call, method: string): string | undefined => {
  const model = args[MODEL_FIRST.includes(method) ? 0 : 1];
  return model?.type === "StringLiteral" ? model.value : undefined;
};

/** A named function inside exec runs when it is called, wherever it stands. */
const isNamedFunction = (node: Node, parent: Node | undefined): boolean =>
  node.type === "FunctionDeclaration" ||
  ((node.type === "ArrowFunctionExpression" || node.type === "FunctionExpression") &&
    (parent as { type?: string } | undefined)?.type === "VariableDeclarator");

const CHOICES = ["IfStatement", "ConditionalExpression", "LogicalExpression", "SwitchStatement"];

const branchesOf = (ancestors: Node[]): Node[] =>
  ancestors.filter((node, index) => {
    const parent = ancestors[index + 1];
    return (node.type as string) === "CatchClause" || (parent !== undefined && CHOICES.includes(parent.type));
  });

const execOf = ({ options }: Declaration): Node | undefined => {
  const exec = options && findMember(options, "exec");
  if (exec?.type === "ObjectMethod") return exec.body;
  return exec?.type === "ObjectProperty" ? (exec.value as Node) : undefined;
};

const callsIn = (exec: Node): Found[] => {
  const found: Found[] = [];
  walk(exec, (node, outer) => {
    if (isNamedFunction(node, outer.at(-1))) return false;
    const method = isCall(node) ? nangoMethod(node) : undefined;
    if (method !== undefined) {
      const call = node as Call;
      found.push({
        call,
        method,
        line: placeOf(call).line,
        model: modelOf(call, method),
        branches: branchesOf(outer.toReversed()),
      });
    }
  });
  return found;
};

const problem = (level: RuleProblem["level"], { call, method, model }: Found, says: string): RuleProblem => ({
  level,
  ...placeOf(call),
  message: `nango.${method}${model === undefined ? "" : ` of "${model}"`} ${says}`,
});

/** An error where the order is certain; where `one` is in a branch without the other, the author may know better. */
const levelOf = (one: Found, other: Found): RuleProblem["level"] =>
  one.branches.every((branch) => other.branches.includes(branch)) ? "error" : "warning";

type Rule = (one: Found, all: Found[]) => RuleProblem[];

const batchesOf = ({ model }: Found, all: Found[]): Found[] =>
  model === undefined ? [] : all.filter((one) => BATCHES.includes(one.method) && one.model === model);

const before = (one: Found, others: Found[]): Found | undefined => others.find(({ line }) => line < one.line);
const after = (one: Found, others: Found[]): Found | undefined => others.findLast(({ line }) => line > one.line);
const same = (one: Found, all: Found[]): Found[] =>
  all.filter(({ method, model }) => method === one.method && model === one.model);

const merging: Rule = (one, all) => {
  const batch = before(one, batchesOf(one, all));
  if (batch !== undefined) {
    const says = `comes too late: the ${batch.method} in line ${batch.line} does not follow it. Call it before anything is saved.`;
    return [problem(levelOf(one, batch), one, says)];
  }
  const request = before(
    one,
    all.filter(({ method }) => REQUESTS.includes(method)),
  );
  if (request === undefined) return [];
  const says = `comes after the request in line ${request.line}: what changes between the two is overwritten. Call it first.`;
  return [problem("warning", one, says)];
};

const twice = (one: Found, all: Found[]): RuleProblem[] =>
  one.model !== undefined && same(one, all).at(-1) === one && same(one, all).length > 1
    ? [problem("warning", one, "is called more than once: once is enough.")]
    : [];

const deleting: Rule = (one, all) => {
  const batch = after(one, batchesOf(one, all));
  if (batch === undefined) return twice(one, all);
  const says = `deletes what the ${batch.method} in line ${batch.line} is still to save. Call it after all that is saved.`;
  return [problem(levelOf(one, batch), one, says)];
};

const withoutOther = (one: Found, all: Found[], other: string): RuleProblem[] =>
  one.model === undefined || all.some(({ method, model }) => method === other && (model ?? one.model) === one.model)
    ? twice(one, all)
    : [problem("warning", one, `has no ${other}: without both of them no deletion is seen.`)];

// Not whether it comes first: what was saved before it counts as seen.
const starting: Rule = (one, all) => withoutOther(one, all, "trackDeletesEnd");

const ending: Rule = (one, all) => {
  const batch = after(one, batchesOf(one, all));
  if (batch === undefined) return withoutOther(one, all, "trackDeletesStart");
  const says = `comes too early: what the ${batch.method} in line ${batch.line} is still to save counts as deleted. Call it after all that is saved.`;
  return [problem(levelOf(one, batch), one, says)];
};

const RULES: Record<string, Rule> = {
  setMergingStrategy: merging,
  deleteRecordsFromPreviousExecutions: deleting,
  trackDeletesStart: starting,
  trackDeletesEnd: ending,
};

export const orderProblems = (declaration: Declaration): RuleProblem[] => {
  const exec = execOf(declaration);
  if (exec === undefined) return [];
  const all = callsIn(exec);
  return all.flatMap((one) => (Object.hasOwn(RULES, one.method) ? RULES[one.method]!(one, all) : []));
};
