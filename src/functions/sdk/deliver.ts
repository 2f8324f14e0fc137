// The option `deliver`: records of a model as rows of a table of the user's, its types and what can be found wrong with it
// before a database is asked.

/** What a column takes beside fields of the record. */
export type DeliverySource =
  | "$id"
  | "$connectionId"
  | "$integration"
  | "$variant"
  | "$environment"
  | "$firstSeenAt"
  | "$lastModifiedAt"
  | "$record";

type Leaf = string | number | boolean | bigint | Date | null | undefined;
type Depth = [never, 0, 1, 2, 3, 4];

/** Paths into T such as "address.city": of fields, of unknown shape any. */
type PathOf<T, D extends number = 5> = [D] extends [never]
  ? string
  : unknown extends T
    ? string
    : T extends Leaf
      ? never
      : T extends readonly (infer Item)[]
        ? `${number}` | `${number}.${PathOf<Item, Depth[D]>}`
        : T extends object
          ? { [K in keyof T & string]: K | `${K}.${PathOf<NonNullable<T[K]>, Depth[D]>}` }[keyof T & string]
          : never;

/** `table` with its schema; `columns`: each with a path in the record or a `$` source. Missing values are null. */
export type Delivery<T> = { table: `${string}.${string}`; columns: { [column: string]: DeliverySource | PathOf<T> } };

const SOURCES = [
  "$id",
  "$connectionId",
  "$integration",
  "$variant",
  "$environment",
  "$firstSeenAt",
  "$lastModifiedAt",
  "$record",
];
const NEEDED = ["$id", "$connectionId"];
const MAX_COLUMNS = 500;

export type DeliveryProblem = { message: string; path: string[] };

type Schema = { [key: string]: unknown };

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const listOf = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

// What the schema says of a value, each alternative for itself; undefined stands for anything.
const shapesOf = (schema: unknown, whole: Schema, depth = 0): (Schema | undefined)[] => {
  if (!isObject(schema) || depth > 20) return schema === false ? [] : [undefined];
  const { $ref } = schema;
  if (typeof $ref === "string") {
    const target =
      $ref === "#" ? whole : (whole.definitions as Schema | undefined)?.[$ref.replace("#/definitions/", "")];
    return shapesOf(target, whole, depth + 1);
  }
  const parts = ["allOf", "anyOf", "oneOf"].flatMap((key) => listOf(schema[key]));
  return parts.length === 0 ? [schema] : parts.flatMap((part) => shapesOf(part, whole, depth + 1));
};

const stepInto = (shape: Schema | undefined, key: string): unknown[] => {
  if (shape === undefined) return [undefined];
  const { properties, additionalProperties, items, type } = shape;
  if (isObject(properties) && Object.hasOwn(properties, key)) return [properties[key]];
  if (/^\d+$/.test(key) && items !== undefined)
    return listOf(items).length > 0 ? [listOf(items)[Number(key)]] : [items];
  if (additionalProperties !== undefined && additionalProperties !== false) return [additionalProperties];
  return type === undefined && properties === undefined ? [undefined] : [];
};

/** The first part of a path that a model's schema does not have; undefined when it has all. */
const strangerIn = (model: unknown, source: string): string | undefined => {
  const whole = isObject(model) ? model : {};
  let found: unknown[] = [model];
  for (const key of source.split(".")) {
    found = found.flatMap((schema) => shapesOf(schema, whole)).flatMap((shape) => stepInto(shape, key));
    if (found.length === 0) return key;
  }
  return undefined;
};

const columnProblems = (name: string, column: string, source: unknown, model: unknown): DeliveryProblem[] => {
  const path = ["deliver", name, "columns", column];
  const at = `"deliver.${name}.columns.${column}"`;
  if (typeof source !== "string" || source === "") {
    return [{ message: `${at} must be a path in the record or one of ${SOURCES.join(", ")}.`, path }];
  }
  if (source.startsWith("$")) {
    return SOURCES.includes(source) ? [] : [{ message: `${at}: "${source}" is none of ${SOURCES.join(", ")}.`, path }];
  }
  const stranger = strangerIn(model, source);
  if (stranger === undefined) return [];
  const where = stranger === source ? `"${source}"` : `"${stranger}" of "${source}"`;
  return [{ message: `${at}: the model ${name} has no ${where}.`, path }];
};

const modelProblems = (name: string, delivery: unknown, models: Schema): DeliveryProblem[] => {
  const path = ["deliver", name];
  const at = `"deliver.${name}`;
  if (!Object.hasOwn(models, name)) return [{ message: `${at}": there is no such model.`, path }];
  if (!isObject(delivery)) return [{ message: `${at}" must be { table, columns }.`, path }];
  const { table, columns } = delivery;
  const problems: DeliveryProblem[] = [];
  if (typeof table !== "string" || !/^[^.]+\.[^.]+$/.test(table)) {
    problems.push({
      message: `${at}.table" must name schema and table, such as "crm.contacts".`,
      path: [...path, "table"],
    });
  }
  if (!isObject(columns) || Object.keys(columns).length > MAX_COLUMNS) {
    const message = `${at}.columns" must be an object of at most ${MAX_COLUMNS} columns, each with its source.`;
    return [...problems, { message, path: [...path, "columns"] }];
  }
  const sources = Object.values(columns);
  for (const needed of NEEDED.filter((source) => !sources.includes(source))) {
    const message = `${at}.columns" needs a column for ${needed}: the key says whose row it is and of which record.`;
    problems.push({ message, path: [...path, "columns"] });
  }
  const own = Object.entries(columns).flatMap(([column, source]) => columnProblems(name, column, source, models[name]));
  return [...problems, ...own];
};

/** What is wrong with the option; `models` are JSON schemas by name. */
export const deliveryProblems = (deliver: unknown, models: Schema): DeliveryProblem[] => {
  if (deliver === undefined) return [];
  if (!isObject(deliver)) return [{ message: '"deliver" must be an object of models.', path: ["deliver"] }];
  const problems = Object.entries(deliver).flatMap(([name, delivery]) => modelProblems(name, delivery, models));
  return problems;
};
