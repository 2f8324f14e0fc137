// One model's shape as GraphQL types.
// Everything of a payload may be null: a deleted or pruned record may have none, and `warn`, the usual validation, lets records
// through that lack what their model requires or have it in another form. Where the form is not what the type says, that
// field alone is null and the answer's `errors` name it. Not null are only the id and the metadata.
import { access, type ExecutableStep, lambda } from "postgraphile/grafast";
import {
  GraphQLBoolean,
  GraphQLEnumType,
  type GraphQLFieldConfigMap,
  GraphQLFloat,
  GraphQLID,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  type GraphQLOutputType,
  GraphQLString,
} from "postgraphile/graphql";
import { AppError } from "../../errors.ts";
import type { Model } from "./catalogue.ts";
import { type CommonTypes, column } from "./common-types.ts";
import { legalName, nestedName } from "./names.ts";
import { planned } from "./pages.ts";
import type { Shape } from "./shape.ts";

type Fields = GraphQLFieldConfigMap<unknown, unknown>;
type Naming = { types: CommonTypes; taken: Set<string> };

const OWN_FIELDS = new Set(["_metadata", "_data"]);

const fieldName = (name: string): string => {
  const legal = legalName(name);
  return OWN_FIELDS.has(legal) ? `_x005F${legal}` : legal;
};

/** The description of a field or type whose name is not the original one begins with that. */
const saying = (original: string, name: string, description: string | undefined): string | undefined =>
  [original === name ? undefined : `Named ${JSON.stringify(original)} where it comes from.`, description]
    .filter(Boolean)
    .join("\n\n") || undefined;

const ownValue =
  (name: string) =>
  (value: unknown): unknown =>
    typeof value === "object" && value !== null && Object.hasOwn(value, name)
      ? (value as Record<string, unknown>)[name]
      : null;

// What every object inherits, such as `constructor`, is no value of a record's.
const readValue = ($object: ExecutableStep, name: string): ExecutableStep =>
  name in Object.prototype ? lambda($object, ownValue(name), true) : access($object, [name]);

const isObject = (value: unknown): boolean => value == null || (typeof value === "object" && !Array.isArray(value));
const isList = (value: unknown): boolean => value == null || Array.isArray(value);
const isListOfObjects = (value: unknown): boolean => isList(value) && ((value ?? []) as unknown[]).every(isObject);

const requiring = (is: (value: unknown) => boolean, form: string) => {
  const message = `What is there is not ${form}.`;
  return (value: unknown): unknown => {
    if (is(value)) return value;
    throw new AppError("invalid_sync_record", message);
  };
};
const asObject = requiring(isObject, "an object");
const asList = requiring(isList, "a list");
const asListOfObjects = requiring(isListOfObjects, "a list of objects");

/** Leaves check themselves; a list or an object of another form would be seen as one whose fields are all null. */
const checked = ($value: ExecutableStep, shape: Shape): ExecutableStep => {
  if (shape.kind === "list") return lambda($value, shape.of.kind === "object" ? asListOfObjects : asList);
  return shape.kind === "object" ? lambda($value, asObject) : $value;
};

const namedType = (shape: Shape, name: string, naming: Naming): GraphQLOutputType => {
  if (naming.taken.has(name)) return naming.types.json;
  naming.taken.add(name);
  if (shape.kind === "enum") {
    return new GraphQLEnumType({ name, values: Object.fromEntries(shape.values.map((value) => [value, { value }])) });
  }
  const { fields } = shape as Extract<Shape, { kind: "object" }>;
  return new GraphQLObjectType({ name, fields: fieldsOf(fields, name, naming, ($object) => $object) });
};

const typeOf = (shape: Shape, name: string, naming: Naming): GraphQLOutputType => {
  switch (shape.kind) {
    case "text":
      return GraphQLString;
    case "number":
      return GraphQLFloat;
    case "boolean":
      return GraphQLBoolean;
    case "list":
      // A list in a list could not be checked on the way down.
      return new GraphQLList(shape.of.kind === "list" ? naming.types.json : typeOf(shape.of, name, naming));
    case "enum":
    case "object":
      return namedType(shape, name, naming);
    default:
      return naming.types[shape.kind];
  }
};

const fieldsOf = (
  shapes: Map<string, Shape>,
  parent: string,
  naming: Naming,
  objectOf: ($parent: ExecutableStep) => ExecutableStep,
): Fields => {
  const fields: Fields = {};
  for (const [original, shape] of shapes) {
    const name = fieldName(original);
    const type = typeOf(shape, nestedName(parent, name), naming);
    const description = saying(original, name, shape.description);
    const plan = ($parent: ExecutableStep) => checked(readValue(objectOf($parent), original), shape);
    fields[name] = planned({ type, plan, ...(description !== undefined && { description }) });
  }
  return fields;
};

const dataOf = ($record: ExecutableStep): ExecutableStep => column($record, "data");

const integrationsOf = (integrations: string[]): string => integrations.map((name) => `\`${name}\``).join(", ");

/** The type of a model's records. */
export const modelType = (model: Model, types: CommonTypes): GraphQLObjectType => {
  const { type: name, shape } = model;
  const shapes = new Map(shape.kind === "object" ? shape.fields : []);
  shapes.delete("id");
  const about = `A record of model \`${model.model}\` of ${integrationsOf(model.integrations)}.`;
  return new GraphQLObjectType({
    name,
    description: [about, shape.description].filter(Boolean).join("\n\n"),
    fields: {
      id: planned({
        type: new GraphQLNonNull(GraphQLID),
        description: "The record's own id, where it comes from.",
        plan: ($record: ExecutableStep) => column($record, "external_id"),
      }),
      ...fieldsOf(shapes, name, { types, taken: new Set() }, dataOf),
      _data: planned({
        type: types.json,
        description: "All that is in it but its id, as it was saved; null when that is forgotten.",
        plan: dataOf,
      }),
      _metadata: planned({
        type: new GraphQLNonNull(types.metadata),
        description: "When and how it changed.",
        plan: ($record: ExecutableStep) => $record,
      }),
    },
  });
};
