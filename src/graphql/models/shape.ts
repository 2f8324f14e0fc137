// What a JSON schema says that GraphQL can say too. The rest is JSON: unions of objects, records with any keys, tuples, a type
// that is part of itself, what is not described at all.

type Leaf = { kind: "text" | "datetime" | "date" | "number" | "bigint" | "boolean" | "json" };

export type Shape = (
  | Leaf
  | { kind: "enum"; values: string[] }
  | { kind: "list"; of: Shape }
  | { kind: "object"; fields: Map<string, Shape> }
) & { description?: string | undefined };

type Schema = Record<string, unknown>;
type Place = { root: unknown; within: string[]; depth: number };

const DEEPEST = 20;

const JSON_SHAPE: Shape = { kind: "json" };

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isTextual = (shape: Shape): boolean => ["text", "datetime", "date", "enum"].includes(shape.kind);

/** What fits both, and whether anything in them contradicts: that part is JSON. */
export const mergeShapes = (a: Shape, b: Shape): { shape: Shape; isContradiction: boolean } => {
  const description = a.description ?? b.description;
  if (a.kind === "object" && b.kind === "object") {
    const fields = new Map(a.fields);
    let isContradiction = false;
    for (const [name, other] of b.fields) {
      const one = fields.get(name);
      const merged = one === undefined ? { shape: other, isContradiction: false } : mergeShapes(one, other);
      fields.set(name, merged.shape);
      isContradiction ||= merged.isContradiction;
    }
    return { shape: { kind: "object", fields, description }, isContradiction };
  }
  if (a.kind === "list" && b.kind === "list") {
    const { shape, isContradiction } = mergeShapes(a.of, b.of);
    return { shape: { kind: "list", of: shape, description }, isContradiction };
  }
  if (a.kind === "enum" && b.kind === "enum") {
    const values = [...new Set([...a.values, ...b.values])];
    return { shape: { kind: "enum", values, description }, isContradiction: false };
  }
  if (a.kind === b.kind) return { shape: { ...a, description }, isContradiction: false };
  if (isTextual(a) && isTextual(b)) return { shape: { kind: "text", description }, isContradiction: false };
  return { shape: { kind: "json", description }, isContradiction: true };
};

const mergeAll = (shapes: Shape[]): Shape =>
  shapes.length === 0 ? JSON_SHAPE : shapes.reduce((sum, one) => mergeShapes(sum, one).shape);

// An enum value must be a name, and is its own value on the wire: one that is none makes the whole a text.
const ENUM_VALUE = /^(?!__)(?!(?:true|false|null)$)[A-Za-z_][A-Za-z0-9_]*$/;

const ofValues = (values: unknown[]): Shape => {
  const given = values.filter((value) => value !== null);
  const types = new Set(given.map((value) => typeof value));
  if (types.size !== 1) return JSON_SHAPE;
  if (types.has("number")) return { kind: "number" };
  if (types.has("boolean")) return { kind: "boolean" };
  if (!types.has("string")) return JSON_SHAPE;
  const texts = [...new Set(given as string[])];
  if (texts.length > 1 && texts.every((text) => ENUM_VALUE.test(text))) return { kind: "enum", values: texts };
  return { kind: "text", description: `One of: ${texts.map((text) => JSON.stringify(text)).join(", ")}.` };
};

const isNull = (schema: unknown): boolean => isSchema(schema) && (schema.type === "null" || schema.const === null);

const ofAlternatives = (schemas: unknown[], place: Place): Shape => {
  const shapes = schemas.filter((schema) => !isNull(schema)).map((schema) => shapeAt(schema, place));
  if (shapes.length < 2) return shapes[0] ?? JSON_SHAPE;
  const isUnion = shapes.some(({ kind }) => kind === "object" || kind === "list");
  return isUnion ? JSON_SHAPE : mergeAll(shapes);
};

const ofText = (format: unknown): Shape => ({
  kind: format === "date-time" ? "datetime" : format === "date" ? "date" : "text",
});

const ofObject = (schema: Schema, place: Place): Shape => {
  const properties = isSchema(schema.properties) ? Object.entries(schema.properties) : [];
  const fields = new Map(properties.map(([name, property]) => [name, shapeAt(property, place)]));
  return fields.size === 0 ? JSON_SHAPE : { kind: "object", fields };
};

const ofType = (schema: Schema, place: Place): Shape => {
  const types = [schema.type].flat().filter((type) => type !== "null");
  if (types.length > 1)
    return types.every((type) => /^(number|integer)$/.test(`${type}`)) ? { kind: "number" } : JSON_SHAPE;
  const [type] = types;
  if (type === "object" || (type === undefined && schema.properties !== undefined)) return ofObject(schema, place);
  if (type === "array") {
    return isSchema(schema.items) ? { kind: "list", of: shapeAt(schema.items, place) } : JSON_SHAPE;
  }
  if (type === "string") return ofText(schema.format);
  // GraphQL's Int has 32 bits: ids and amounts in cents do not fit. Float holds all whole numbers that JavaScript holds.
  if (type === "integer") return { kind: schema.format === "int64" ? "bigint" : "number" };
  if (type === "number") return { kind: "number" };
  return type === "boolean" ? { kind: "boolean" } : JSON_SHAPE;
};

const lookUp = (root: unknown, ref: string): unknown =>
  ref
    .replace(/^#\/?/, "")
    .split("/")
    .filter((part) => part !== "")
    .map((part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~"))
    .reduce<unknown>((at, part) => (isSchema(at) && Object.hasOwn(at, part) ? at[part] : undefined), root);

const described = (schema: Schema, place: Place): Shape => {
  if (typeof schema.$ref === "string") {
    const { $ref } = schema;
    if (!$ref.startsWith("#") || $ref === "#" || place.within.includes($ref)) return JSON_SHAPE;
    return shapeAt(lookUp(place.root, $ref), { ...place, within: [...place.within, $ref] });
  }
  if (Array.isArray(schema.enum)) return ofValues(schema.enum);
  if (Object.hasOwn(schema, "const")) return ofValues([schema.const]);
  const { anyOf, oneOf, allOf } = schema;
  if (Array.isArray(anyOf)) return ofAlternatives(anyOf, place);
  if (Array.isArray(oneOf)) return ofAlternatives(oneOf, place);
  const own = ofType(schema, place);
  if (!Array.isArray(allOf)) return own;
  return mergeAll([own, ...allOf.map((part) => shapeAt(part, place))].filter(({ kind }) => kind !== "json"));
};

const shapeAt = (schema: unknown, { root, within, depth }: Place): Shape => {
  if (!isSchema(schema) || depth > DEEPEST) return JSON_SHAPE;
  const shape = described(schema, { root, within, depth: depth + 1 });
  if (typeof schema.description !== "string") return shape;
  const description = [schema.description, shape.kind === "text" ? shape.description : undefined]
    .filter(Boolean)
    .join("\n\n");
  return { ...shape, description };
};

/** The shape of what matches a draft-7 schema. Everything may be null: see types.ts. */
export const toShape = (schema: unknown): Shape => shapeAt(schema, { root: schema, within: [], depth: 0 });
