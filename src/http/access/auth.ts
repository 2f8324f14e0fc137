// Who calls? The bearer says, and nothing else: there is no parameter for the environment.
import { timingSafeEqual } from "node:crypto";
import type { Request, Response } from "express";
import { findConnectSession } from "../../db/connect-sessions.ts";
import { hashApiKey } from "../../db/ensure-environments.ts";
import { AppError } from "../../errors.ts";
import { tokenOfQuery } from "../connect/session-of-query.ts";
import type { HttpDeps } from "../deps.ts";
import type { Spec } from "../endpoint.ts";
import { type Caller, callerOf, requireAccountScope, requireScope, setCaller } from "./caller.ts";
import { createKeyMemory } from "./key-memory.ts";
import { createRateLimit } from "./rate-limit.ts";
import { createGuess, type Guess } from "./wrong-keys.ts";

const SESSION_PREFIX = "nango_connect_session_";
const SESSION_TOKEN = /^nango_connect_session_[0-9a-f]{64}$/;

type Deps = Pick<HttpDeps, "db" | "log" | "access">;

const bearer = (req: Request): string => {
  const header = req.get("authorization");
  if (header === undefined || header === "") throw new AppError("missing_auth_header");
  const [, key] = /^Bearer +(\S+) *$/i.exec(header) ?? [];
  if (key === undefined) throw new AppError("malformed_auth_header");
  return key;
};

type SessionCaller = Extract<Caller, { kind: "session" }>;

const identifySession = async ({ db }: Deps, token: string, guess: GuessHere): Promise<SessionCaller> => {
  if (!SESSION_TOKEN.test(token)) throw new AppError("invalid_connect_session_token_format");
  const tokenHash = hashApiKey(token);
  const session = await guess(() => findConnectSession(db, { tokenHash }));
  if (session === null) throw new AppError("unknown_connect_session_token");
  const { environment_id: id, environment_uid: uid, environment: name } = session;
  return { kind: "session", environment: { id, uid, name, scopes: [] }, session };
};

type GuessHere = <T>(lookup: () => Promise<T | null>) => Promise<T | null>;

const asIs: Guess = (_req, lookup) => lookup();

const createIdentify = (deps: Deps) => {
  const { accountKey, requestsPerMinute } = deps.access ?? {};
  const accountHash = accountKey === undefined ? undefined : hashApiKey(accountKey);
  const memory = createKeyMemory(deps);
  const guess = requestsPerMinute === undefined ? asIs : createGuess();

  const identify = async (req: Request): Promise<Caller> => {
    const key = bearer(req);
    const guessHere: GuessHere = (lookup) => guess(req, lookup);
    if (key.startsWith(SESSION_PREFIX)) return await identifySession(deps, key, guessHere);
    const keyHash = hashApiKey(key);
    if (accountHash !== undefined && timingSafeEqual(keyHash, accountHash))
      return { kind: "account", scopes: ["account:*"] };
    const owner = await memory.find(keyHash, guessHere);
    if (owner === null) throw new AppError("unknown_account");
    const { key_id, ...environment } = owner;
    return { kind: "environment", environment, key: key_id };
  };
  const identifyInQuery = (req: Request): Promise<SessionCaller> =>
    identifySession(deps, tokenOfQuery(req), (lookup) => guess(req, lookup));
  return { identify, identifyInQuery, forget: memory.forget };
};

const WORDS: Record<Caller["kind"], string> = {
  environment: "an API key",
  session: "a connect session's token",
  account: "an account key",
};

type Needs = Pick<Spec, "access" | "scope" | "accountScope">;

const allow = (res: Response, { access = "environment", scope, accountScope }: Needs): void => {
  const { kind } = callerOf(res) as Caller;
  const kinds = [access].flat() as string[];
  if (!kinds.includes(kind)) throw new AppError("forbidden", `This endpoint takes no request with ${WORDS[kind]}.`);
  if (kind === "environment" && scope !== undefined) requireScope(res, scope);
  if (kind === "account" && accountScope !== undefined) requireAccountScope(res, accountScope);
};

/** Who calls, kept for `callerOf`; throws what the 401, 403 or 429 says when the endpoint is not for them now. */
export type CallerCheck = (req: Request, res: Response, needs: Needs) => Promise<void>;

/** Who calls by the `connect_session_token` in the query, kept for `callerOf` and counted; throws what the 401 or 429 says. */
export type FindSession = (req: Request, res: Response) => Promise<SessionCaller>;

/** The check of who calls, and `forget`: from now on this process looks every key up again. */
export const createCallerCheck = (deps: Deps): { check: CallerCheck; findSession: FindSession; forget: () => void } => {
  const { identify, identifyInQuery, forget } = createIdentify(deps);
  const limit = deps.access?.requestsPerMinute;
  const count = limit === undefined ? undefined : createRateLimit({ ...deps, limit });
  const findSession: FindSession = async (req, res) => {
    const caller = await identifyInQuery(req);
    setCaller(res, caller);
    if (count !== undefined) await count(req, res);
    return caller;
  };
  const check: CallerCheck = async (req, res, needs) => {
    if (needs.access === "open") return;
    if (needs.access === "session in query") return void (await findSession(req, res));
    setCaller(res, await identify(req));
    if (count !== undefined) await count(req, res);
    allow(res, needs);
  };
  return { check, findSession, forget };
};
