// Who a request comes from, as its bearer says.
import type { Response } from "express";
import type { Environment } from "../../db/api-keys.ts";
import type { ConnectSession } from "../../db/connect-sessions.ts";
import { AppError } from "../../errors.ts";
import { type AccountScope, covers, type Scope } from "./scopes.ts";

/** `environment`: an API key. `session`: the token of a connect session. `account`: the key that makes environments. */
export type Caller =
  | { kind: "environment"; environment: Environment; key: number }
  | { kind: "session"; environment: Environment; session: ConnectSession }
  | { kind: "account"; scopes: readonly string[] };

/** Sets who the request comes from. */
export const setCaller = (res: Response, caller: Caller): void => {
  res.locals.caller = caller;
};

/** Who the request comes from; undefined where anybody may call. */
export const callerOf = (res: Response): Caller | undefined => res.locals.caller as Caller | undefined;

/** The environment the request's key acts for. */
export const environmentOf = (res: Response): Environment => {
  const caller = callerOf(res);
  return (caller !== undefined && "environment" in caller ? caller.environment : undefined) as Environment;
};

const requireOne = (scopes: readonly string[], wanted: string): void => {
  if (!covers(scopes, wanted)) throw new AppError("forbidden", `This key lacks the scope ${wanted}.`);
};

/** Throws `forbidden` when an environment's key may not do this. */
export const requireScope = (res: Response, scope: Scope): void =>
  requireOne(environmentOf(res).scopes, `environment:${scope}`);

/** Throws `forbidden` when an account key may not do this. */
export const requireAccountScope = (res: Response, scope: AccountScope): void => {
  const caller = callerOf(res);
  requireOne(caller?.kind === "account" ? caller.scopes : [], `account:${scope}`);
};
