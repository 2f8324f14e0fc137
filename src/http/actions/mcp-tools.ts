// Actions as tools of the Model Context Protocol. A tool takes an object: what takes anything else is given it as `input`.
import type { CallToolResult, Tool } from "@modelcontextprotocol/sdk/types.js";
import type { ListedAction } from "../../db/actions.ts";
import { AppError, type Code } from "../../errors.ts";
import { FunctionFailed } from "../../runs/function-failed.ts";
import { describeFailure } from "./action-failure.ts";

type Schema = { [member: string]: unknown };
type Given = ListedAction["definition"]["input"];

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A schema whose whole is a reference to one of its own definitions, as that definition. */
const resolved = (schema: Schema): Schema => {
  const [, place, name] = /^#\/(definitions|\$defs)\/([^/]+)$/.exec(String(schema.$ref)) ?? [];
  const definitions = place === undefined ? undefined : schema[place];
  const found = isObject(definitions) ? definitions[name!] : undefined;
  return isObject(found) ? { ...found, [place!]: definitions } : schema;
};

const asObjectSchema = (given: Given): Schema | undefined => {
  const schema = isObject(given) ? resolved(given) : undefined;
  return schema?.type === "object" ? schema : undefined;
};

type Way = "itself" | "nothing" | "wrapped";

const wayOf = (input: Given): Way => {
  if (input === undefined || (isObject(input) && input.type === "null")) return "nothing";
  return asObjectSchema(input) === undefined ? "wrapped" : "itself";
};

const wrapped = (input: Given): Schema => {
  const { $schema: _schema, definitions, $defs, ...schema } = isObject(input) ? input : {};
  const shared = { ...(isObject(definitions) && { definitions }), ...(isObject($defs) && { $defs }) };
  return { type: "object", properties: { input: schema }, required: ["input"], additionalProperties: false, ...shared };
};

const INPUTS: Record<Way, (input: Given) => Schema> = {
  itself: (input) => asObjectSchema(input)!,
  nothing: () => ({ type: "object", properties: {}, additionalProperties: false }),
  wrapped,
};

/** The tool of an action. */
export const toTool = ({ name, definition }: ListedAction): Tool => {
  const { description, input, output } = definition;
  const outputSchema = asObjectSchema(output) as Tool["outputSchema"];
  const inputSchema = INPUTS[wayOf(input)](input) as Tool["inputSchema"];
  return { name, description, inputSchema, ...(outputSchema && { outputSchema }) };
};

/** What the action is given of a tool's arguments. */
export const toInput = ({ definition: { input } }: ListedAction, given: Schema | undefined): unknown => {
  const way = wayOf(input);
  if (way === "itself") return given ?? {};
  return way === "wrapped" ? given?.input : undefined;
};

const asText = (value: unknown) => [{ type: "text" as const, text: JSON.stringify(value) }];

/** A result as text, and as an object where the tool says that it gives one. */
export const toResult = ({ definition: { output } }: ListedAction, value: unknown): CallToolResult => ({
  content: asText(value ?? null),
  ...(asObjectSchema(output) && isObject(value) && { structuredContent: value }),
});

/** A failure as a model can make something of it. */
export const errorResult = (said: { code: Code; message?: string }): CallToolResult => ({
  isError: true,
  content: asText(said),
});

/** What is said of a failure of the action or of what was asked; undefined for one that is our own. */
export const toErrorResult = (error: unknown): CallToolResult | undefined => {
  if (error instanceof FunctionFailed) return errorResult({ message: error.message, ...describeFailure(error) });
  if (error instanceof AppError && error.status < 500) return errorResult({ code: error.code, message: error.message });
  return undefined;
};
