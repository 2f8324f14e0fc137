// Which environment does a request act for? Its API key says, and nothing else: there is no parameter for it.
import type { Express, Request, Response } from "express";
import { hashApiKey } from "../db/ensure-environments.ts";
import { type Environment, findEnvironmentByKey } from "../db/environments.ts";
import { AppError } from "../errors.ts";
import { environmentOf, requireScope, setCaller } from "./caller.ts";
import type { HttpDeps } from "./deps.ts";
import type { Spec } from "./endpoint.ts";
import { covers, type Scope } from "./scopes.ts";

export { covers, environmentOf, requireScope };

const REMEMBERED_MS = 5_000; // a revoked key works for this long at most
const MOST_REMEMBERED = 1_000;

const bearer = (req: Request): string => {
  const header = req.get("authorization");
  if (header === undefined || header === "") throw new AppError("missing_auth_header");
  const [, key] = /^Bearer +(\S+) *$/i.exec(header) ?? [];
  if (key === undefined) throw new AppError("malformed_auth_header");
  return key;
};

const createLookup = ({ db }: Pick<HttpDeps, "db">) => {
  const known = new Map<string, { environment: Environment; until: number }>();
  return async (key: string): Promise<Environment> => {
    const keyHash = hashApiKey(key);
    const name = keyHash.toString("base64");
    const found = known.get(name);
    if (found !== undefined && found.until > Date.now()) return found.environment;
    known.delete(name);
    const environment = await findEnvironmentByKey(db, { keyHash });
    if (environment === null) throw new AppError("unknown_account");
    if (known.size >= MOST_REMEMBERED) known.delete(known.keys().next().value as string);
    known.set(name, { environment, until: Date.now() + REMEMBERED_MS });
    return environment;
  };
};

const AREAS: Record<string, string> = {
  records: "records",
  sync: "syncs",
  connections: "connections",
  connection: "connections",
  integrations: "integrations",
  providers: "providers",
  deploy: "deploy",
  dryrun: "deploy",
  logs: "logs",
  environment: "settings",
};

const needed = (req: Request): string | undefined => {
  const area = AREAS[req.path.split("/")[1] ?? ""];
  return area && `${area}:${req.method === "GET" ? "read" : "write"}`;
};

/** Who calls, kept for `callerOf`; throws what the 401 or 403 says when the endpoint is not for them. */
export type CallerCheck = (req: Request, res: Response, spec: Pick<Spec, "access" | "scope">) => Promise<void>;

/** The check of keys, with a short memory. */
export const createCallerCheck = (deps: Pick<HttpDeps, "db">): CallerCheck => {
  const lookup = createLookup(deps);
  return async (req, res, { access = "environment", scope }) => {
    if (access === "open") return;
    setCaller(res, { kind: "environment", environment: await lookup(bearer(req)) });
    if (![access].flat().includes("environment")) throw new AppError("forbidden", "This endpoint is not for API keys.");
    if (scope !== undefined) requireScope(res, scope);
  };
};

/** Everything installed after this needs a key, and a scope for its first path segment. */
export const installAuth = (app: Express, checkCaller: CallerCheck): void => {
  app.use(async (req, res, next) => {
    const scope = needed(req) as Scope | undefined;
    await checkCaller(req, res, scope === undefined ? {} : { scope });
    next();
  });
};
