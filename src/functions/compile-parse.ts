// A file's text as a syntax tree, for what only the text can say: what is awaited, in which order, and where an option stands.
// @babel/parser because it is small and quick: 2 MB of plain JavaScript, 0.3 to 0.7 s for 1000 files of 3 KB. oxc-parser
// takes 0.8 s (its tree crosses from native code as JSON) and 5 MB for each platform, acorn with a TypeScript plugin 0.8 s;
// typescript 7 is a native program without an interface that is promised to last.
import { parse } from "@babel/parser";
import type { Place } from "./compile-problem.ts";

export type Program = ReturnType<typeof parse>["program"];
export type Statement = Program["body"][number];
export type Expression = Extract<Statement, { type: "ExpressionStatement" }>["expression"];
export type Call = Extract<Expression, { type: "CallExpression" | "OptionalCallExpression" }>;
export type ObjectLiteral = Extract<Expression, { type: "ObjectExpression" }>;
export type Member = ObjectLiteral["properties"][number];
export type Node = Statement | Expression | Member;

/** Undefined for what is no TypeScript: esbuild says better what is wrong with it. */
export const parseFile = (text: string): Program | undefined => {
  try {
    return parse(text, { sourceType: "module", plugins: ["typescript"], attachComment: false }).program;
  } catch {
    return undefined;
  }
};

export const placeOf = ({ loc }: Pick<Node, "loc">): Place => ({
  line: loc!.start.line,
  column: loc!.start.column + 1,
});

type Visit = (node: Node, outer: readonly Node[]) => boolean | undefined;

const visitAll = (value: unknown, visit: Visit, outer: Node[]): void => {
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) for (const one of value) visitAll(one, visit, outer);
  else if (typeof (value as { type?: unknown }).type === "string") visitNode(value as Node, visit, outer);
};

const visitNode = (node: Node, visit: Visit, outer: Node[]): void => {
  if (visit(node, outer) === false) return;
  outer.push(node);
  for (const key in node) if (key !== "loc") visitAll(node[key as keyof Node], visit, outer);
  outer.pop();
};

/**
 * Calls `visit` for `node` and everything in it, in the order of the text, with what it stands in, outermost first; where it
 * returns false it does not go deeper. `outer` holds only while it is called.
 */
export const walk = (node: Node, visit: Visit): void => visitNode(node, visit, []);

/** The expression without the marks that only types need. */
export const unwrap = (node: Node): Node => {
  switch (node.type) {
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
    case "TSTypeAssertion":
    case "ParenthesizedExpression":
      return unwrap(node.expression);
    default:
      return node;
  }
};

export const isCall = (node: Node): node is Call =>
  node.type === "CallExpression" || node.type === "OptionalCallExpression";

/** The name of an option as it is written: `exec`, `"exec"`; undefined for computed ones and spreads. */
export const nameOf = (member: Member): string | undefined => {
  if (member.type === "SpreadElement" || member.computed) return undefined;
  const { key } = member;
  if (key.type === "Identifier") return key.name;
  return key.type === "StringLiteral" ? key.value : undefined;
};

export const findMember = (
  { properties }: ObjectLiteral,
  name: string,
): Exclude<Member, { type: "SpreadElement" }> | undefined =>
  properties.find((member): member is Exclude<Member, { type: "SpreadElement" }> => nameOf(member) === name);

/** Which method of `nango` is called, if this is such a call: `nango` is a name like any other, but everybody's. */
export const nangoMethod = ({ callee }: Call): string | undefined => {
  if (callee.type !== "MemberExpression" && callee.type !== "OptionalMemberExpression") return undefined;
  const { object, property, computed } = callee;
  if (object.type !== "Identifier" || object.name !== "nango") return undefined;
  return !computed && property.type === "Identifier" ? property.name : undefined;
};
