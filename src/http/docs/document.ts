// The OpenAPI document, as far as our own code reads it.

export type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  description?: string;
  enum?: readonly unknown[];
  const?: unknown;
  default?: unknown;
  properties?: { [name: string]: Schema };
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
};

export type Parameter = {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
  style?: string;
  explode?: boolean;
};

type Content = { [type: string]: { schema?: Schema } };

export type Operation = {
  operationId: string;
  tags: string[];
  summary: string;
  description?: string;
  deprecated?: boolean;
  security?: object[];
  "x-client-method"?: string;
  "x-scope"?: string;
  "x-wildcard"?: boolean;
  "x-every-verb"?: boolean;
  parameters?: Parameter[];
  requestBody?: { content: Content };
  responses: { [status: string]: { description: string; content?: Content; headers?: { [name: string]: object } } };
};

export type Document = {
  info: { title: string; version: string; description: string };
  tags: { name: string; description?: string }[];
  paths: { [path: string]: { [method: string]: Operation } };
  components: { schemas?: { [id: string]: Schema } };
};

/** An operation and where it is. */
export type Place = { method: string; path: string; operation: Operation };

/** All operations, in the order of the document. */
export const placesOf = ({ paths }: Document): Place[] =>
  Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );

/** The codes that an operation answers with a status; none for a success. */
export const codesAt = ({ responses }: Operation, status: string): string[] => {
  const schema = responses[status]?.content?.["application/json"]?.schema;
  const codes = (schema?.anyOf?.[0] ?? schema)?.allOf?.[1]?.properties?.error?.properties?.code?.enum ?? [];
  return codes as string[];
};
