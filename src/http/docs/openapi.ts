// The OpenAPI document, made from the descriptions that the server answers by: there is no second source.
import { mapValues } from "es-toolkit/object/mapValues";
import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { SCOPE_TEXT } from "../access/scopes.ts";
import type { Access, Answer, Endpoint, Spec } from "../endpoint.ts";
import type { Document, Parameter } from "./document.ts";
import { ErrorBody, errorResponses } from "./openapi-errors.ts";
import { TAGS } from "./openapi-tags.ts";

const answerOf = ({ says, body, type = "application/json", headers }: Answer) => ({
  description: says,
  ...(body && { content: { [type]: { schema: body } } }),
  ...(headers && {
    headers: mapValues(headers, (description) => ({ description, schema: { type: "string" as const } })),
  }),
});

const idOf = ({ method, path }: Spec): string =>
  [method, ...path.split("/").map((part) => part.replace(/[^a-zA-Z0-9]/g, "_"))]
    .filter((part) => part !== "")
    .join("_");

const bearer = (description: string) => ({ type: "http", scheme: "bearer", description }) as const;

/** Who may call, by the kind of bearer. */
const SCHEMES = {
  environment: bearer(
    `An environment's API key. Its scopes say what it may do; \`environment:*\` and \`environment:records:*\` are wildcards.\n\n${SCOPE_TEXT.environment}`,
  ),
  session: bearer("The token of a connect session."),
  session_in_query: {
    type: "apiKey",
    in: "query",
    name: "connect_session_token",
    description: "The token of a connect session, from a browser.",
  },
  account: bearer(`The key that makes environments, from the setting SYNCLINE_ACCOUNT_KEY.\n\n${SCOPE_TEXT.account}`),
} as const;

const securityOf = (access: Access) =>
  access === "open" ? [] : [access].flat().map((kind) => ({ [kind.replaceAll(" ", "_")]: [] }));

/** An endpoint that does not look at the parameters of its path has them all the same. */
const paramsIn = (path: string): z.ZodObject =>
  z.object(Object.fromEntries([...path.matchAll(/[:*](\w+)/g)].map(([, name]) => [name, z.string()])));

/** OpenAPI has no word for the rest of a path: `x-wildcard` says that the parameter may have slashes; nor for verbs of WebDAV: `x-every-verb` says that they are taken as well. */
const operationOf = (spec: Spec): ZodOpenApiOperationObject => ({
  operationId: idOf(spec),
  tags: [spec.tag],
  summary: spec.says,
  ...(spec.more && { description: spec.more }),
  ...(spec.deprecated && { deprecated: true }),
  ...(spec.access !== undefined && { security: securityOf(spec.access) }),
  ...(spec.client && { "x-client-method": spec.client }),
  ...(spec.scope && { "x-scope": `environment:${spec.scope}` }),
  ...(spec.accountScope && { "x-account-scope": `account:${spec.accountScope}` }),
  ...(spec.path.includes("*") && { "x-wildcard": true }),
  requestParams: {
    path: (spec.params as z.ZodObject) ?? paramsIn(spec.path),
    ...(spec.query && { query: spec.query as z.ZodObject }),
    ...(spec.headers && { header: spec.headers as z.ZodObject }),
  },
  ...(spec.body && { requestBody: { required: true, content: { "application/json": { schema: spec.body } } } }),
  responses: {
    ...Object.fromEntries(Object.entries(spec.answers).map(([status, answer]) => [status, answerOf(answer)])),
    ...errorResponses(spec),
    ...(spec.otherwise && { default: answerOf(spec.otherwise) }),
  },
});

const DOCUMENTED_VERBS = ["get", "post", "put", "patch", "delete"] as const; // for `all`

const documentPath = (path: string): string => path.replace(/[:*](\w+)/g, "{$1}");

const pathsOf = (endpoints: Endpoint[]): ZodOpenApiPathsObject => {
  const paths: ZodOpenApiPathsObject = {};
  const add = (path: string, spec: Spec, extra: object) => {
    const at = documentPath(path);
    const isEvery = spec.method === "all";
    const verbs = isEvery ? DOCUMENTED_VERBS : [spec.method as (typeof DOCUMENTED_VERBS)[number]];
    for (const method of verbs)
      paths[at] = {
        ...paths[at],
        [method]: { ...operationOf({ ...spec, method, path }), ...extra, ...(isEvery && { "x-every-verb": true }) },
      };
  };
  for (const { spec } of endpoints) {
    add(spec.path, spec, {});
    for (const alias of spec.aliases ?? []) add(alias, spec, { deprecated: true });
  }
  return paths;
};

const withBrackets = (parameter: Parameter): Parameter =>
  parameter.in === "query" && parameter.schema?.type === "object"
    ? { ...parameter, style: "deepObject", explode: true }
    : parameter;

// Bracket keys are how an object stands in a query; a list repeats its key, which is what OpenAPI takes for granted.
const withBracketKeys = (paths: Document["paths"]): Document["paths"] =>
  mapValues(paths, (item) =>
    mapValues(item, (operation) => ({
      ...operation,
      ...(operation.parameters && { parameters: operation.parameters.map(withBrackets) }),
    })),
  );

/** The groups in use, in the order of TAGS, then those it does not know. */
const tagsOf = (endpoints: Endpoint[]) => {
  const used = new Set(endpoints.map(({ spec }) => spec.tag));
  const names = [...Object.keys(TAGS).filter((name) => used.has(name)), ...used.difference(new Set(Object.keys(TAGS)))];
  return names.map((name) => ({ name, ...(TAGS[name] && { description: TAGS[name] }) }));
};

/** The document of these endpoints, OpenAPI 3.1. */
export const describeApi = (endpoints: Endpoint[], version: string): Document => {
  const document = createDocument({
    openapi: "3.1.1",
    info: {
      title: "Syncline",
      version,
      description: "Product integrations and data syncs that live in one Postgres.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ environment: [] }],
    tags: tagsOf(endpoints),
    components: {
      schemas: { Error: ErrorBody },
      securitySchemes: SCHEMES,
    },
    paths: pathsOf(endpoints),
  }) as unknown as Document;
  return { ...document, paths: withBracketKeys(document.paths) };
};
