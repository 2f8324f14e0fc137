// Who a request comes from, as its bearer says.
import type { Response } from "express";
import type { Environment } from "../db/environments.ts";
import { AppError } from "../errors.ts";
import { covers, type Scope } from "./scopes.ts";

/** `environment`: an API key. `session`: the token of a connect session. `account`: the key that makes environments. */
export type Caller =
  | { kind: "environment"; environment: Environment }
  | { kind: "session"; environment: Environment; session: Session }
  | { kind: "account"; scopes: readonly string[] };

/** What a connect session lets its holder see. */
export type Session = {
  id: number;
  /** The integrations that may be connected; null for all. */
  allowedIntegrations: string[] | null;
};

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

/** Throws `forbidden` when an environment's key may not do this. */
export const requireScope = (res: Response, scope: Scope): void => {
  const wanted = `environment:${scope}`;
  if (!covers(environmentOf(res).scopes, wanted))
    throw new AppError("forbidden", `This key lacks the scope ${wanted}.`);
};
