// Which environment does a request act for? Its API key says, and nothing else: there is no parameter for it.
import type { Express, Request, Response } from "express";
import { hashApiKey } from "../db/ensure-environments.ts";
import { type Environment, findEnvironmentByKey } from "../db/environments.ts";
import { AppError } from "../errors.ts";
import type { HttpDeps } from "./deps.ts";

const REMEMBERED_MS = 5_000; // a revoked key works for this long at most
const MOST_REMEMBERED = 1_000;

/** The environment the request's key acts for. */
export const environmentOf = (res: Response): Environment => res.locals.environment as Environment;

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

/** True when one of the scopes covers `wanted`; `environment:*` and `environment:records:*` are wildcards. */
export const covers = (scopes: string[], wanted: string): boolean =>
  scopes.some((scope) => scope === wanted || (scope.endsWith(":*") && wanted.startsWith(scope.slice(0, -1))));

/** Throws `forbidden` when the request's key may not do `area:verb`. */
export const requireScope = (res: Response, areaAndVerb: string): void => {
  const wanted = `environment:${areaAndVerb}`;
  if (!covers(environmentOf(res).scopes, wanted))
    throw new AppError("forbidden", `This key lacks the scope ${wanted}.`);
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

/** Finds the environment of the request's key and keeps it for `environmentOf`; throws what the 401 says. */
export type KeyCheck = (req: Request, res: Response) => Promise<void>;

/** The check of keys, with a short memory. */
export const createKeyCheck = (deps: Pick<HttpDeps, "db">): KeyCheck => {
  const lookup = createLookup(deps);
  return async (req, res) => {
    res.locals.environment = await lookup(bearer(req));
  };
};

/** Everything installed after this needs a key, and a scope for its first path segment. */
export const installAuth = (app: Express, checkKey: KeyCheck): void => {
  app.use(async (req, res, next) => {
    await checkKey(req, res);
    const scope = needed(req);
    if (scope !== undefined) requireScope(res, scope);
    next();
  });
};
