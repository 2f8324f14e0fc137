// A webhook judged by its provider's rule, with the secrets of its integration and what the rule may have to look up.
import { findLookupSecrets } from "../../db/inbox.ts";
import { judge } from "../../providers/webhook/judge.ts";
import type { Judgement, WebhookRequest } from "../../providers/webhook/types.ts";
import type { HttpDeps } from "../deps.ts";
import type { Target } from "./target.ts";

/** `now`, in milliseconds, is what the times of signatures are held against. */
export const createJudging =
  ({ db, runs }: Pick<HttpDeps, "db" | "runs">) =>
  ({ integration, rule, secrets }: Target, request: WebhookRequest, now: number): Promise<Judgement> =>
    judge(rule, request, {
      secrets,
      now,
      connectionSecrets: (lookups, field) => findLookupSecrets(db, { integration, lookups, field }),
      fetchKeys: runs.fetchKeys,
    });
