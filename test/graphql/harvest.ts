// What answers have shown: every value by the type and field it was seen at.
import { type GraphQLInputType, type GraphQLNamedType, getNamedType } from "postgraphile/graphql";

type Row = { [field: string]: unknown };

const isRow = (value: unknown): value is Row => typeof value === "object" && value !== null && !Array.isArray(value);

const SHORTEST_SECRET = 8; // shorter texts are names that both environments have, or numbers

/** Collects values. */
export const createHarvest = () => {
  const seen = new Map<string, Set<unknown>>();
  const texts = new Set<string>();
  const add = (at: string, value: unknown): void => {
    const values = seen.get(at) ?? new Set();
    seen.set(at, values.add(value));
    for (const text of JSON.stringify(value).match(/[^"\\]{8,}/g) ?? [])
      if (text.length >= SHORTEST_SECRET) texts.add(text);
  };

  const gather = (value: unknown): void => {
    if (Array.isArray(value)) for (const one of value) gather(one);
    if (!isRow(value)) return;
    const { __typename: type, ...fields } = value;
    for (const [name, field] of Object.entries(fields)) {
      const holds = [field].flat().some((one) => isRow(one) && "__typename" in one);
      if (holds || name === "pageInfo") gather(field);
      else if (field !== null && typeof type === "string") add(`${type}.${name}`, field);
      else gather(field);
    }
  };
  return { gather, seen, texts };
};

export type Harvest = ReturnType<typeof createHarvest>;

const literal = (value: unknown): string =>
  typeof value === "object" ? `"${JSON.stringify(value).replaceAll(/["\\]/g, "\\$&")}"` : JSON.stringify(value);

// How a value of a scalar looks as JSON.
const SHAPES: { [type: string]: RegExp } = {
  Int: /^-?\d+$/,
  Float: /^-?\d+(\.\d+)?$/,
  Boolean: /^(true|false)$/,
  BigInt: /^"-?\d+"$/,
  UUID: /^"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"$/,
  Datetime: /^"\d{4}-\d\d-\d\dT/,
  ID: /^"[\w+/=-]{8,}"$/,
  String: /^["{[]/,
};

const OWNER = /^(.+?)(Id|s)?$/;

/** Literals for an argument called `name` from what was seen: at a field of that name, or the id of the type it names. */
export const literalsFrom =
  ({ seen }: Harvest, others: { [type: string]: string[] }, most: number) =>
  (name: string, type: GraphQLInputType, of: GraphQLNamedType): string[] => {
    const named = getNamedType(type).name;
    if (named === "Cursor") return [...(seen.get(`${of.name}Edge.cursor`) ?? [])].slice(0, 2).map(literal);
    const [, owner = name] = OWNER.exec(name) ?? [];
    const capital = owner[0]!.toUpperCase() + owner.slice(1);
    const places = [
      `${of.name}.${name}`,
      `${capital}.id`,
      `${capital}.uniqueKey`,
      ...[...seen.keys()].filter((at) => at.endsWith(`.${name}`)),
    ];
    const fits = (value: unknown) => (SHAPES[named] ?? SHAPES.String)!.test(JSON.stringify(value));
    const each = named === "ID" ? Math.ceil(most / 4) : most; // ids of every type, few of each
    const found = places.flatMap((at) => [...(seen.get(at) ?? [])].filter(fits).slice(0, each));
    return [...new Set([...found.map(literal), ...(others[named] ?? [])])].slice(0, named === "ID" ? 100 : most);
  };
