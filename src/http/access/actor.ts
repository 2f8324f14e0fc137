// Who a request comes from, as the audit log names them.
import type { Request, Response } from "express";
import type { Actor } from "../../db/actor.ts";
import { type Caller, callerOf } from "./caller.ts";

const named = (caller: Caller): Pick<Actor, "kind" | "id"> => {
  switch (caller.kind) {
    case "environment":
      return { kind: "api_key", id: String(caller.key) };
    case "session":
      return { kind: "connect_session", id: String(caller.session.id) };
    default:
      return { kind: "account_key", id: null };
  }
};

/** The caller; undefined where anybody may call. The address is the one that trusted proxies vouch for. */
export const actorOf = (req: Request, res: Response): Actor | undefined => {
  const caller = callerOf(res);
  return caller && { ...named(caller), ip: req.ip };
};
