// The OpenAPI document, made from the descriptions that the server answers by: there is no second source.
import { z } from "zod";
import { createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject } from "zod-openapi";
import { CODES, type Code } from "../errors.ts";
import type { Answer, Endpoint, Refusal, Spec } from "./endpoint.ts";

const FieldError = z.object({ code: z.string(), message: z.string(), path: z.array(z.string()) }).meta({
  id: "FieldError",
  description: "One wrong field: where it is, and what is wrong with it.",
});

const ErrorBody = z
  .object({
    error: z.looseObject({
      code: z.string().meta({ description: "What programs branch on." }),
      message: z.string().optional(),
      errors: z.array(FieldError).optional(),
      payload: z.unknown().optional(),
    }),
  })
  .meta({ id: "Error", description: "Every failure has this shape." });

const OF_KEYS: Code[] = ["missing_auth_header", "malformed_auth_header", "unknown_account"];

const refusalsOf = (spec: Spec): Refusal[] => [
  ...(spec.access === "open" ? [] : OF_KEYS),
  ...(spec.scope === undefined ? [] : (["forbidden"] as const)),
  ...(spec.raw ? [] : (["invalid_query_params", "invalid_content_type"] as const)),
  ...(spec.params === undefined ? [] : (["invalid_uri_params"] as const)),
  ...(spec.headers === undefined ? [] : (["invalid_headers"] as const)),
  ...(spec.body === undefined ? [] : (["invalid_body", "invalid_json", "request_too_large"] as const)),
  ...(spec.errors ?? []),
  "generic_error_support",
];

const errorsOf = (spec: Spec) => {
  const codes = new Map<number, Set<Code>>();
  for (const refusal of refusalsOf(spec)) {
    const [code, status] = typeof refusal === "string" ? [refusal, CODES[refusal].status] : refusal;
    codes.set(status, (codes.get(status) ?? new Set()).add(code));
  }
  const lines = (found: Set<Code>) => [...found].map((code) => `- \`${code}\`: ${CODES[code].says}`).join("\n");
  return Object.fromEntries(
    [...codes]
      .sort(([one], [other]) => one - other)
      .map(([status, found]) => [
        status,
        { description: lines(found), content: { "application/json": { schema: ErrorBody } } },
      ]),
  );
};

const answerOf = ({ says, body, type = "application/json", headers = {} }: Answer) => ({
  description: says,
  ...(body && { content: { [type]: { schema: body } } }),
  headers: Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: "string" as const } }]),
  ),
});

const idOf = ({ method, path }: Spec): string =>
  [method, ...path.split("/").map((part) => part.replace(/[^a-zA-Z0-9]/g, "_"))]
    .filter((part) => part !== "")
    .join("_");

const operationOf = (spec: Spec): ZodOpenApiOperationObject => ({
  operationId: idOf(spec),
  tags: [spec.tag],
  summary: spec.says,
  ...(spec.more && { description: spec.more }),
  ...(spec.access === "open" && { security: [] }),
  ...(spec.client && { "x-client-method": spec.client }),
  ...(spec.scope && { "x-scope": `environment:${spec.scope}` }),
  requestParams: {
    ...(spec.params && { path: spec.params as z.ZodObject }),
    ...(spec.query && { query: spec.query as z.ZodObject }),
    ...(spec.headers && { header: spec.headers as z.ZodObject }),
  },
  ...(spec.body && { requestBody: { required: true, content: { "application/json": { schema: spec.body } } } }),
  responses: {
    ...Object.fromEntries(Object.entries(spec.answers).map(([status, answer]) => [status, answerOf(answer)])),
    ...errorsOf(spec),
  },
});

const DOCUMENTED_VERBS = ["get", "post", "put", "patch", "delete"] as const; // for `all`

const documentPath = (path: string): string => path.replace(/[:*](\w+)/g, "{$1}");

const pathsOf = (endpoints: Endpoint[]): ZodOpenApiPathsObject => {
  const paths: ZodOpenApiPathsObject = {};
  const add = (path: string, spec: Spec, extra: object) => {
    const at = documentPath(path);
    const verbs = spec.method === "all" ? DOCUMENTED_VERBS : [spec.method];
    for (const method of verbs)
      paths[at] = { ...paths[at], [method]: { ...operationOf({ ...spec, method }), ...extra } };
  };
  for (const { spec } of endpoints) {
    add(spec.path, spec, {});
    for (const [index, alias] of (spec.aliases ?? []).entries())
      add(alias, spec, { deprecated: true, operationId: `${idOf(spec)}_alias_${index + 1}` });
  }
  return paths;
};

/** The document of these endpoints, OpenAPI 3.1. */
export const describeApi = (endpoints: Endpoint[], version: string) =>
  createDocument({
    openapi: "3.1.1",
    info: {
      title: "Syncline",
      version,
      description: "Product integrations and data syncs that live in one Postgres.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ key: [] }],
    tags: [...new Set(endpoints.map(({ spec }) => spec.tag))].map((name) => ({ name })),
    components: {
      securitySchemes: { key: { type: "http", scheme: "bearer", description: "An environment's API key." } },
    },
    paths: pathsOf(endpoints),
  });
