// From names that people gave to names that GraphQL allows, and never to another one later.
// Letters: what is no letter, digit or underscore is written as its code, `first-name` becomes `first_x002D_name`, as SQL/XML
// (ISO 9075-14) writes column names. A name that is legal already stays. So no field's name depends on what other fields
// there are, no two become one, and a client can turn it back.
// Types: the model's own name where it is free, else with its integration's before it, `Hubspot_Contact`. Who came first
// has the plain name, also when it is not deployed any more.
import { camelCase, pluralize } from "postgraphile/graphile-build";

const hex = (char: string): string => `_x${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}_`;

const NO_CHARACTER = "_x0000_"; // for a name without any: Postgres stores no NUL

// What is no letter, digit or underscore; what would read as a code; a digit at the beginning; what would become two underscores
// there, which are GraphQL's own.
const WRITTEN_AS_CODE = /[^A-Za-z0-9_]|_(?=x[0-9A-F]{4,6}_)|^[0-9]|^_(?=[^A-Za-z0-9])/gu;

/** The name as GraphQL allows it. */
export const legalName = (name: string): string => (name === "" ? NO_CHARACTER : name.replace(WRITTEN_AS_CODE, hex));

/** The names of one model's types and of the field that reads it. */
export type ModelNames = { type: string; field: string };

/** What is taken already. */
export type TakenNames = { types: Set<string>; fields: Set<string> };

/** The name of the type for a page of `type`. */
export const connectionName = (type: string): string => `${type}Connection`;
/** The name of the type for an entry of such a page. */
export const edgeName = (type: string): string => `${type}Edge`;
/** The name of the type for a field's value. Two underscores: no type of ours has them. */
export const nestedName = (type: string, field: string): string => `${type}__${field.replace(/^_+|_+$/g, "")}`;

const prefixOf = (integration: string): string =>
  integration
    .split(/[^A-Za-z0-9]+/)
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1))
    .join("");

function* candidates(integration: string, model: string): Generator<string> {
  yield legalName(model);
  const prefixed = legalName(`${prefixOf(integration)}_${model}`);
  yield prefixed;
  for (let n = 2; ; n++) yield `${prefixed}_${n}`;
}

/** Gives out names one by one; `taken` is what the schema has without models. */
export const createNaming = (taken: TakenNames) => {
  const types = new Set(taken.types);
  const fields = new Set(taken.fields);
  const given: string[] = [];

  const isFree = ({ type, field }: ModelNames): boolean =>
    ![type, connectionName(type), edgeName(type)].some((name) => types.has(name)) &&
    !fields.has(field) &&
    !given.some((other) => type.startsWith(`${other}__`) || other.startsWith(`${type}__`));

  return (integration: string, model: string): ModelNames => {
    for (const type of candidates(integration, model)) {
      const names = { type, field: legalName(camelCase(pluralize(type))) };
      if (!isFree(names)) continue;
      for (const name of [type, connectionName(type), edgeName(type)]) types.add(name);
      fields.add(names.field);
      given.push(type);
      return names;
    }
    throw new Error("unreachable: there is always another number");
  };
};
