// /environment/api-keys: the keys of an environment. Its own keys manage them, and account keys those of any environment.
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { createApiKey, listApiKeys, revokeApiKey } from "../../db/api-keys.ts";
import { hashApiKey } from "../../db/ensure-environments.ts";
import { AppError } from "../../errors.ts";
import type { Caller } from "../access/caller.ts";
import { covers, isScope } from "../access/scopes.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { SUCCESS, Success } from "../success.ts";
import { fieldError, translating } from "../validate.ts";

const Id = z
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);

const EnvironmentId = Id.optional().meta({
  description: "For account keys: which environment. An environment's key may leave it out.",
});

const Scope = z.string().max(255).refine(isScope, "is no scope of an environment's key");

const CreateBody = z.strictObject({
  display_name: z.string().min(1).max(255),
  scopes: z.array(Scope).min(1).max(100).optional().meta({
    description: "What the key may do; left out, as much as the key that makes it.",
  }),
  environment_id: EnvironmentId,
});
const ListQuery = z.strictObject({
  environment_id: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1)
    .optional()
    .meta({ description: "For account keys: which environment; left out, all of them." }),
});
const DeleteBody = z.strictObject({ id: Id });

const ApiKey = z
  .strictObject({
    id: Id,
    display_name: z.string(),
    scopes: z.array(z.string()),
    created_at: z.string(),
  })
  .meta({ id: "ApiKey" });

const Listed = ApiKey.extend({ environment: z.string() }).meta({ id: "ListedApiKey" });
const Made = ApiKey.extend({
  secret: z.string().meta({ description: "The key itself. It is shown this once." }),
}).meta({ id: "NewApiKey" });

type KeyHolder = Exclude<Caller, { kind: "session" }>;

const scopesOf = (caller: KeyHolder): readonly string[] =>
  caller.kind === "account" ? ["environment:*"] : caller.environment.scopes;

/** The environment that is meant; null for an account key that names none. */
const environmentMeant = (caller: KeyHolder, given: number | undefined): number | null => {
  if (caller.kind === "account") return given ?? null;
  if (given !== undefined && given !== caller.environment.id)
    throw new AppError("forbidden", "This key acts for another environment.");
  return caller.environment.id;
};

const shared = { path: "/environment/api-keys", tag: "API keys", access: ["environment", "account"] } as const;

const NO_ENVIRONMENT = () => fieldError("invalid_body", ["environment_id"], "there is no such environment");

/** API keys. `forgetKeys` makes this process look every key up again; others do within 5 s. */
export const apiKeyEndpoints = ({ db }: HttpDeps, forgetKeys: () => void): Endpoint[] => [
  endpoint(
    {
      ...shared,
      method: "get",
      says: "API keys, without their secrets",
      scope: "api_keys:list",
      accountScope: "environments:api_keys:list",
      query: ListQuery,
      answers: { 200: { says: "The oldest first.", body: z.strictObject({ data: z.array(Listed) }) } },
    },
    async ({ caller, query }) => ({
      data: await listApiKeys(db, { environment: environmentMeant(caller, query.environment_id) }),
    }),
  ),
  endpoint(
    {
      ...shared,
      method: "post",
      says: "Make an API key",
      more: "A key can be given no scope that the key which makes it lacks.",
      scope: "api_keys:create",
      accountScope: "environments:api_keys:create",
      body: CreateBody,
      answers: { 200: { says: "The key, with its secret.", body: z.strictObject({ data: Made }) } },
      errors: ["resource_capped"],
    },
    async ({ caller, body }) => {
      const environment = environmentMeant(caller, body.environment_id);
      if (environment === null) throw fieldError("invalid_body", ["environment_id"], "an account key has to say which");
      const own = scopesOf(caller);
      const scopes = body.scopes ?? [...own];
      const beyond = scopes.find((scope) => !covers(own, scope));
      if (beyond !== undefined) throw new AppError("forbidden", `This key lacks the scope ${beyond}.`);
      const secret = randomUUID();
      const work = createApiKey(db, {
        environment,
        keyHash: hashApiKey(secret),
        displayName: body.display_name,
        scopes,
      });
      const refusals = { "no such environment": NO_ENVIRONMENT, "too many API keys": "resource_capped" } as const;
      return { data: { ...(await translating(refusals, work)), secret } };
    },
  ),
  endpoint(
    {
      ...shared,
      method: "delete",
      says: "Revoke an API key",
      more: "Running requests end as they would have. Other API processes know within 5 seconds.",
      scope: "api_keys:delete",
      accountScope: "environments:api_keys:delete",
      body: DeleteBody,
      answers: { 200: { says: "It is revoked.", body: Success } },
      errors: ["not_found"],
    },
    async ({ caller, body: { id } }) => {
      const work = revokeApiKey(db, { environment: environmentMeant(caller, undefined), id });
      await translating({ "no such API key": "not_found" }, work);
      forgetKeys();
      return SUCCESS;
    },
  ),
];
