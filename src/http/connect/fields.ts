// What a provider's entry asks of who connects: its fields, checked as the connect page checks them.
import { AppError, type FieldError } from "../../errors.ts";
import { hasForm } from "../../providers/entry/field.ts";
import type { Provider } from "../../providers/schema.ts";

type Fields = NonNullable<Provider["credentials"]>;
type Field = Fields[string] & {
  enum?: unknown;
  hidden?: unknown;
  automated?: unknown;
  default_value?: unknown;
  visible_when?: unknown;
};
type Values = Record<string, string>;

/** Where the values came from, as errors say it. */
export type Source = { code: "invalid_body" | "invalid_query_params"; path: string[] };

const isVisible = ({ visible_when: when }: Field, values: Values): boolean => {
  const { field, equals } = (when ?? {}) as { field?: string; equals?: string };
  return field === undefined || values[field] === equals;
};

const problemOf = (field: Field, value: string | undefined, values: Values, isKnown: boolean): string | undefined => {
  const { optional, automated, hidden, enum: choices } = field;
  if (value === undefined || value === "") {
    const isAsked = !optional && !automated && !hidden && !isKnown && isVisible(field, values);
    return isAsked ? "is required" : undefined;
  }
  if (Array.isArray(choices) && !choices.includes(value)) return `must be one of ${choices.join(", ")}`;
  if (!hasForm(field, value))
    return field.example === undefined ? "is not of the right form" : `must be like ${field.example}`;
  return undefined;
};

/**
 * The values with the entry's defaults. Throws an error that names each field which is missing or wrong; one that is `known`
 * already need not be given again.
 */
export const checkFields = (
  fields: Fields | undefined,
  given: Values,
  { code, path }: Source,
  known: Record<string, unknown> = {},
): Values => {
  const defaults = Object.entries(fields ?? {}).flatMap(([name, { default_value: value }]: [string, Field]) =>
    value === undefined || name in known ? [] : [[name, String(value)] as const],
  );
  const sent = Object.entries(given).filter(([, value]) => value !== "");
  const values: Values = { ...Object.fromEntries(defaults), ...Object.fromEntries(sent) };
  const errors = Object.entries(fields ?? {}).flatMap(([name, field]): FieldError[] => {
    const problem = problemOf(field, values[name], { ...(known as Values), ...values }, name in known);
    return problem === undefined ? [] : [{ code: "custom", message: problem, path: [...path, name] }];
  });
  if (errors.length === 0) return values;
  const message = `${errors.map(({ path: at, message: says }) => `${at.at(-1)} ${says}`).join("; ")}.`;
  throw new AppError(code, message, { errors });
};
