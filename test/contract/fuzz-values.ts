// Values for a JSON Schema: good ones, ones that nearly are, and ones that no schema asks for.
import fc, { type GeneratorValue } from "fast-check";
import type { Document, Schema } from "../../src/http/docs/document.ts";
import { NAMES } from "./world.ts";

export type Choose = GeneratorValue;

const DEEP = 3_000;

const deep = (open: string, close: string): string => open.repeat(DEEP) + close.repeat(DEEP);

/** JSON texts, not values: some have no value in this language. */
export const NASTY: readonly string[] = [
  "null",
  "true",
  "0",
  "-1",
  "1.5",
  "1e308",
  "9007199254740993",
  "1e400",
  '""',
  '" "',
  '"\\u0000"',
  '"a\\u0000b"',
  '"\\ud800"',
  '"x\\udfff"',
  '"\u202e\ufeff\u0301"',
  `"${"𝕏".repeat(150)}"`,
  `"${"x".repeat(300)}"`,
  `"${"x".repeat(20_000)}"`,
  '"../../../x"',
  '"%00%ff%"',
  `"' or 1=1 --"`,
  `"$${"{connectionConfig.x}"}"`,
  '"constructor"',
  '"2026-13-45T99:99:99Z"',
  '"0001-01-01T00:00:00Z"',
  "[]",
  "{}",
  "[null]",
  '{"__proto__":{"a":1}}',
  '{"constructor":{"prototype":{"a":1}}}',
  '{"\\u0000":"\\u0000"}',
  `[${"1,".repeat(2_000)}1]`,
  `{${Array.from({ length: 300 }, (_, n) => `"k${n}":${n}`).join(",")}}`,
  deep("[", "]"),
  deep('{"a":', "}").replace(/:}/, ":1}"),
];

const resolve = (document: Document, schema: Schema): Schema =>
  schema.$ref === undefined
    ? schema
    : resolve(document, document.components.schemas?.[schema.$ref.split("/").at(-1) as string] ?? {});

const matching = (pattern: string) => {
  try {
    return fc.stringMatching(new RegExp(pattern), { size: "small" });
  } catch {
    return fc.constant("x"); // lookarounds and the like
  }
};

const FORMATS: { [format: string]: () => fc.Arbitrary<string> } = {
  "date-time": () =>
    fc
      .date({ min: new Date("2026-01-01"), max: new Date("2026-12-01"), noInvalidDate: true })
      .map((at) => at.toISOString()),
  uuid: () => fc.uuid(),
  uri: () => fc.constantFrom("http://127.0.0.1:9/x", "https://api.example/x"),
  email: () => fc.constant("a@b.example"),
};

// Letters, and what texts stumble over.
const LETTERS = [..."abzAZ019 -_.:/\\'\"%<&é漢𝕏\u0000\u0301\u202e\ufeff"];
const letter = fc.constantFrom(...LETTERS);

const textFor = (g: Choose, { format, pattern, minLength = 0, maxLength = 20 }: Schema): string => {
  if (format !== undefined && format in FORMATS) return g(FORMATS[format] as () => fc.Arbitrary<string>);
  if (pattern !== undefined) return g(matching, pattern).slice(0, maxLength);
  return g(fc.string, { minLength, maxLength: Math.max(minLength, Math.min(maxLength, 20)), unit: letter });
};

const isOneIn = (g: Choose, of: number): boolean => g(fc.nat, { max: of - 1 }) === 0;

const pick = <T>(g: Choose, from: readonly T[]): T => from[g(fc.nat, { max: from.length - 1 })] as T;

const objectFor = (g: Choose, document: Document, schema: Schema, depth: number): object => {
  const { properties = {}, required = [], additionalProperties } = schema;
  const made: { [name: string]: unknown } = {};
  for (const [name, part] of Object.entries(properties)) {
    if (required.includes(name) || isOneIn(g, depth > 3 ? 6 : 2))
      made[name] = valueFor(g, document, part, name, depth + 1);
  }
  if (typeof additionalProperties === "object" && isOneIn(g, 2))
    made[g(fc.string, { minLength: 1, maxLength: 8 })] = valueFor(g, document, additionalProperties, "", depth + 1);
  return made;
};

/** A value that the schema allows, mostly; where `name` names something that exists, mostly that. */
export const valueFor = (g: Choose, document: Document, given: Schema, name = "", depth = 0): unknown => {
  const schema = resolve(document, given);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum !== undefined) return pick(g, schema.enum);
  const choices = schema.anyOf ?? schema.oneOf ?? schema.allOf;
  if (choices !== undefined) return valueFor(g, document, pick(g, choices), name, depth);
  const type = pick(g, [schema.type ?? "any"].flat());
  if (type === "string") return NAMES[name] !== undefined && !isOneIn(g, 4) ? NAMES[name] : textFor(g, schema);
  if (type === "integer")
    return g(fc.integer, { min: schema.minimum ?? 0, max: Math.min(schema.maximum ?? 1000, 2 ** 31) });
  if (type === "number") return g(fc.integer, { min: 0, max: 1000 });
  if (type === "boolean") return g(fc.boolean);
  if (type === "null") return null;
  if (type === "array") {
    const length = g(fc.integer, { min: schema.minItems ?? 0, max: Math.max(schema.minItems ?? 0, 2) });
    return Array.from({ length }, () => valueFor(g, document, schema.items ?? {}, name, depth + 1));
  }
  if (type === "object") return objectFor(g, document, schema, depth);
  return JSON.parse(pick(g, NASTY.slice(0, 12)));
};

/** A place inside a JSON text, and what stands there instead: the text is cut where a value starts. */
const spoilInside = (g: Choose, text: string): string => {
  const starts = [...text.matchAll(/[:[,](?=["\d{[tfn])/g)].map(({ index }) => index + 1);
  if (starts.length === 0) return pick(g, NASTY);
  const from = pick(g, starts);
  const [value = ""] = /^("(?:[^"\\]|\\.)*"|[^,\]}]*)/.exec(text.slice(from)) ?? [];
  return text.slice(0, from) + pick(g, NASTY) + text.slice(from + value.length);
};

const WAYS: readonly ((g: Choose, text: string) => string)[] = [
  spoilInside,
  spoilInside,
  spoilInside,
  (_g, text) => text.replace(/^\{/, '{"surprise":1,'),
  (_g, text) => text.replace(/^\{/, '{"__proto__":{"admin":true},'),
  (g) => pick(g, NASTY),
  (g, text) => text.slice(0, g(fc.nat, { max: text.length })),
  (_g, text) => `\ufeff${text}`,
  (_g, text) => `${text}${text}`,
  () => "",
];

/** A body that is not what it was. */
export const spoil = (g: Choose, text: string): string => pick(g, WAYS)(g, text);
