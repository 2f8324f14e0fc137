// Where a file declares its function: the default export, its createSync call, and each option in it.
import {
  type Call,
  type Expression,
  findMember,
  isCall,
  type Node,
  type ObjectLiteral,
  type Program,
  placeOf,
  unwrap,
} from "./compile-parse.ts";
import type { Place } from "./compile-problem.ts";

/** `exported` is the statement of the default export; `call` and `options` are there when they are written in this file. */
export type Declaration = { exported?: Node; call?: Call; options?: ObjectLiteral };

const CREATORS = ["createSync", "createAction", "createOnEvent"];

const isCreator = (call: Call): boolean => {
  const { callee } = call;
  if (callee.type === "Identifier") return CREATORS.includes(callee.name);
  return callee.type === "MemberExpression" && callee.property.type === "Identifier"
    ? CREATORS.includes(callee.property.name)
    : false;
};

const bindingOf = ({ body }: Program, name: string): Expression | undefined => {
  for (const statement of body) {
    const declared = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (declared?.type !== "VariableDeclaration") continue;
    for (const { id, init } of declared.declarations) {
      if (id.type === "Identifier" && id.name === name) return init ?? undefined;
    }
  }
  return undefined;
};

const localDefault = (statement: Extract<Node, { type: "ExportNamedDeclaration" }>): string | undefined => {
  for (const specifier of statement.specifiers) {
    if (specifier.type !== "ExportSpecifier" || specifier.exportKind === "type") continue;
    const { exported, local } = specifier;
    const name = exported.type === "Identifier" ? exported.name : exported.value;
    if (name === "default") return local.type === "Identifier" ? local.name : local.value;
  }
  return undefined;
};

const defaultExport = (program: Program): { exported: Node; value?: Node | undefined } | undefined => {
  for (const statement of program.body) {
    if (statement.type === "ExportDefaultDeclaration") return { exported: statement, value: statement.declaration };
    if (statement.type !== "ExportNamedDeclaration" || statement.exportKind === "type") continue;
    const name = localDefault(statement);
    if (name === undefined) continue;
    return { exported: statement, value: statement.source === null ? bindingOf(program, name) : undefined };
  }
  return undefined;
};

export const findDeclaration = (program: Program): Declaration => {
  const found = defaultExport(program);
  if (found === undefined) return {};
  const { exported } = found;
  const written = found.value && unwrap(found.value);
  const value = written?.type === "Identifier" ? bindingOf(program, written.name) : written;
  const call = value && unwrap(value);
  if (call === undefined || !isCall(call) || !isCreator(call)) return { exported };
  const [first] = call.arguments;
  const options = first && unwrap(first as Expression);
  return options?.type === "ObjectExpression" ? { exported, call, options } : { exported, call };
};

/** The place of an option such as `["models", "Contact"]`, or of the nearest thing around it that is in the text. */
export const placeOfOption = ({ exported, call, options }: Declaration, path: string[]): Place | undefined => {
  const start = call ?? exported;
  let place = start && placeOf(start);
  let literal = options;
  for (const name of path) {
    const member = literal && findMember(literal, name);
    if (member === undefined) return place;
    place = placeOf(member);
    const value = member.type === "ObjectProperty" ? unwrap(member.value as Expression) : undefined;
    literal = value?.type === "ObjectExpression" ? value : undefined;
  }
  return place;
};
