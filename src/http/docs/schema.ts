// A JSON Schema as HTML: a list of members, each with its type, its limits and what it is for.
import type { Schema } from "./document.ts";
import { type Html, html, prose } from "./html.ts";

const LIMITS = ["minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems"] as const;
const FEWER_THAN_THIS_IN_LINE = 4;

const nameOf = (ref: string): string => ref.split("/").at(-1) as string;

const choicesOf = ({ anyOf, oneOf }: Schema): Schema[] => anyOf ?? oneOf ?? [];

const isScalar = (schema: Schema): boolean =>
  choicesOf(schema).length === 0 && schema.properties === undefined && schema.items === undefined;

const plainType = ({ type = "any" }: Schema): string => [type].flat().join(" or ");

/** One line: what kind of value it is. */
export const typeOf = (schema: Schema): Html => {
  if (schema.$ref !== undefined) return html`<a href="#schema-${nameOf(schema.$ref)}">${nameOf(schema.$ref)}</a>`;
  if (schema.const !== undefined) return html`<code>${JSON.stringify(schema.const)}</code>`;
  if (schema.enum !== undefined) {
    return html`${schema.enum.map((value, at) => html`${at > 0 && " | "}<code>${JSON.stringify(value)}</code>`)}`;
  }
  if (schema.items !== undefined) return html`list of ${typeOf(schema.items)}`;
  const choices = choicesOf(schema);
  if (choices.length > 0 && choices.length < FEWER_THAN_THIS_IN_LINE && choices.every(isScalar)) {
    return html`${choices.map((choice, at) => html`${at > 0 && " or "}${typeOf(choice)}`)}`;
  }
  if (choices.length > 0) return html`one of`;
  return html`${plainType(schema)}${schema.format && ` (${schema.format})`}`;
};

/** The limits and the default, where there are any. */
export const limitsOf = (schema: Schema): Html => {
  const limits = LIMITS.filter((limit) => schema[limit] !== undefined).map((limit) => `${limit} ${schema[limit]}`);
  const given = schema.default === undefined ? [] : [`default ${JSON.stringify(schema.default)}`];
  const all = [...limits, ...given].join(", ");
  return html`${all !== "" && html` <small>${all}</small>`}`;
};

const describe = ({ description }: Schema): Html =>
  html`${description !== undefined && html`<p>${prose(description)}</p>`}`;

const member = (name: string, schema: Schema, isRequired: boolean): Html =>
  html`<li><code>${name}</code>${isRequired && html`<b title="required">*</b>`} ${typeOf(schema)}${limitsOf(schema)}${describe(schema)}${membersOf(schema)}</li>`;

/** What is inside an object, a list or a choice; nothing for a plain value. */
export const membersOf = (schema: Schema): Html | undefined => {
  if (schema.items !== undefined) return membersOf(schema.items);
  const parts = Object.entries(schema.properties ?? {});
  const others = schema.additionalProperties;
  const choices = choicesOf(schema);
  if (choices.length > 0 && (choices.length >= FEWER_THAN_THIS_IN_LINE || !choices.every(isScalar))) {
    return html`<ul>${choices.map((choice) => html`<li>${typeOf(choice)}${limitsOf(choice)}${describe(choice)}${membersOf(choice)}</li>`)}</ul>`;
  }
  if (parts.length === 0 && typeof others !== "object") return undefined;
  return html`<ul>${parts.map(([name, part]) => member(name, part, schema.required?.includes(name) ?? false))}${
    typeof others === "object" && html`<li><i>any other name</i> ${typeOf(others)}${membersOf(others)}</li>`
  }</ul>`;
};
