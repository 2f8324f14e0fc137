// How an operation fails, as the document says it: a response for each status, with the codes it may carry.
import { z } from "zod";
import type { ZodOpenApiResponsesObject } from "zod-openapi";
import { CODES, type Code } from "../../errors.ts";
import type { Answer, Refusal, Spec } from "../endpoint.ts";

const FieldError = z.strictObject({ code: z.string(), message: z.string(), path: z.array(z.string()) }).meta({
  id: "FieldError",
  description: "One wrong field: where it is, and what is wrong with it.",
});

/** The body of every failure; `loose`, since some codes say more beside it. */
export const ErrorBody = z
  .strictObject({
    error: z.looseObject({
      code: z.string().meta({ description: "What programs branch on." }),
      message: z.string().optional().meta({ description: "For people; its words may change." }),
      errors: z.array(FieldError).optional(),
      payload: z.unknown().optional().meta({ description: "What else there is to say, by code." }),
    }),
  })
  .meta({ id: "Error", description: "Every failure has this shape." });

const OF_KEYS = [
  "missing_auth_header",
  "malformed_auth_header",
  "unknown_account",
  "invalid_connect_session_token_format",
  "unknown_connect_session_token",
  "forbidden",
  "too_many_request",
] as const;

const OF_QUERIES = [
  "missing_connect_session_token",
  "deprecated_authentication",
  "invalid_connect_session_token_format",
  "unknown_connect_session_token",
  "too_many_request",
] as const;

const refusalsOfAccess = ({ access }: Spec): readonly Code[] => {
  if (access === "open") return [];
  return access === "session in query" ? OF_QUERIES : OF_KEYS;
};

const refusalsOf = (spec: Spec): Refusal[] => [
  ...refusalsOfAccess(spec),
  ...(spec.raw ? [] : (["invalid_query_params", "invalid_content_type"] as const)),
  ...(/[:*]/.test(spec.path) ? (["invalid_uri_params"] as const) : []),
  ...(spec.headers === undefined ? [] : (["invalid_headers"] as const)),
  ...(spec.body === undefined ? [] : (["invalid_body", "invalid_json", "request_too_large"] as const)),
  ...(spec.errors ?? []),
  "generic_error_support",
];

/** The codes of an operation by status, lowest status first. */
const codesOf = (spec: Spec): Map<number, Code[]> => {
  const codes = new Map<number, Code[]>();
  for (const refusal of refusalsOf(spec)) {
    const [code, status] = typeof refusal === "string" ? [refusal, CODES[refusal].status] : refusal;
    const known = codes.get(status) ?? [];
    codes.set(status, known.includes(code) ? known : [...known, code]);
  }
  return new Map([...codes].sort(([one], [other]) => one - other));
};

const RETRY_AFTER = {
  description: "Seconds until the next request may succeed.",
  schema: { type: "integer" },
} as const;

const schemaOf = (codes: Code[]) => ({
  allOf: [{ $ref: "#/components/schemas/Error" }, { properties: { error: { properties: { code: { enum: codes } } } } }],
});

const FROM_ELSEWHERE = { description: "Or what was answered elsewhere and is passed on." };

const isOfOtherType = (answer: Answer | undefined): answer is Answer & { type: string } =>
  answer?.type !== undefined && answer.type !== "*/*";

// Where an endpoint says that a status has another body as well; it is described where the status has that one only.
const alsoOf = (status: number, { answers, otherwise }: Spec): ({ $ref: string } | { description: string })[] => {
  const id = isOfOtherType(answers[status]) ? undefined : answers[status]?.body?.meta()?.id;
  return [
    ...(id === undefined ? [] : [{ $ref: `#/components/schemas/${id}` }]),
    ...(otherwise ? [FROM_ELSEWHERE] : []),
  ];
};

const errorResponse = (status: number, codes: Code[], spec: Spec) => {
  const also = alsoOf(status, spec);
  const page = spec.answers[status];
  return {
    description: codes.map((code) => `- \`${code}\`: ${CODES[code].says}`).join("\n"),
    ...(status === 429 && { headers: { "Retry-After": RETRY_AFTER } }),
    content: {
      "application/json": {
        schema: also.length === 0 ? schemaOf(codes) : { anyOf: [schemaOf(codes), ...also] },
      },
      ...(isOfOtherType(page) && { [page.type]: { schema: page.body } }),
    },
  };
};

/** The responses of an operation's failures. */
export const errorResponses = (spec: Spec): ZodOpenApiResponsesObject =>
  Object.fromEntries([...codesOf(spec)].map(([status, codes]) => [`${status}`, errorResponse(status, codes, spec)]));
