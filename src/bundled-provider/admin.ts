// The admin API, from this machine only and without a key: edits, faults, webhooks, limits, and the truth to compare with.
import { z } from "zod";
import { AppError, type Json } from "../errors.ts";
import { type Answer, type ApiRequest, failure, jsonObject } from "./answer.ts";
import type { Auth } from "./auth.ts";
import type { createBetweenPages } from "./between-pages.ts";
import { type createFaults, FaultRule } from "./faults.ts";
import { isKind, KINDS, type Kind } from "./kinds.ts";
import type { createRateLimit } from "./rate-limit.ts";
import { emptyStats, type Stats } from "./stats.ts";
import { type createWebhooks, Subscription } from "./webhooks.ts";
import type { World } from "./world.ts";

export type AdminDeps = {
  world: World;
  stats: Stats;
  auth: Auth;
  faults: ReturnType<typeof createFaults>;
  betweenPages: ReturnType<typeof createBetweenPages>;
  webhooks: ReturnType<typeof createWebhooks>;
  rateLimit: ReturnType<typeof createRateLimit>;
};

const howMany = z.int().min(0).max(100_000).optional();
const Edits = z.strictObject({
  kind: z.enum(KINDS).optional(),
  add: howMany,
  update: howMany,
  delete: howMany,
  count: howMany,
  between_pages: z.boolean().default(false),
  times: z.int().min(1).optional(),
});
const Limit = z.strictObject({ requests: z.int().min(1), window_ms: z.int().min(1) });

const ok = (body: Json): Answer => ({ status: 200, body });
const done: Answer = { status: 204 };

const ROWS_A_CHUNK = 500;

/** The truth as NDJSON, some hundred rows a chunk: a million rows never stand in memory at once. */
async function* stateLines(world: World, kind: Kind): AsyncGenerator<string> {
  let lines: string[] = [];
  for (const row of world.rows(kind)) {
    lines.push(`${JSON.stringify(row)}\n`);
    if (lines.length < ROWS_A_CHUNK) continue;
    yield lines.join("");
    lines = [];
  }
  yield lines.join("");
}

const edit = ({ world, betweenPages }: AdminDeps, body: string): Answer => {
  const { between_pages: isBetweenPages, times, ...plan } = Edits.parse(jsonObject(body));
  if (isBetweenPages) betweenPages.set({ ...plan, times });
  else return ok({ edits: world.edit(plan).map(({ kind, action, id, at }) => ({ kind, action, id, at })) });
  return done;
};

const state = ({ world }: AdminDeps, { query }: ApiRequest): Answer => {
  const kind = query.get("kind");
  if (!isKind(kind)) throw new AppError("invalid_query_params", "kind must be contacts, companies or tickets.");
  return { status: 200, headers: { "x-acme-count": String(world.count(kind)) }, body: stateLines(world, kind) };
};

/** Everything as it was at the start: rows, draws, tokens, limits, statistics; no faults, no webhooks. */
export const resetAll = ({ world, stats, auth, faults, betweenPages, webhooks, rateLimit }: AdminDeps): void => {
  for (const part of [world, auth, faults, webhooks, rateLimit]) part.reset();
  betweenPages.set(null);
  Object.assign(stats, emptyStats());
};

type Handler = (deps: AdminDeps, request: ApiRequest) => Answer;
const after =
  (act: (deps: AdminDeps) => void): Handler =>
  (deps) => {
    act(deps);
    return done;
  };

const ROUTES: Record<string, Handler> = {
  "POST /admin/faults": ({ faults }, { body }) => ok(faults.add(FaultRule.parse(jsonObject(body))) as Json),
  "GET /admin/faults": ({ faults }) => ok({ faults: faults.list() as Json }),
  "DELETE /admin/faults": after(({ faults }) => faults.clear()),
  "POST /admin/edits": (deps, { body }) => edit(deps, body),
  "DELETE /admin/edits": after(({ betweenPages }) => betweenPages.set(null)),
  "POST /admin/webhooks": ({ webhooks }, { body }) => ok(webhooks.add(Subscription.parse(jsonObject(body))) as Json),
  "GET /admin/webhooks": ({ webhooks }) => ok({ webhooks: webhooks.list() as Json }),
  "DELETE /admin/webhooks": after(({ webhooks }) => webhooks.clear()),
  "POST /admin/rate-limit": ({ rateLimit }, { body }) => {
    const { requests, window_ms: windowMs } = Limit.parse(jsonObject(body));
    rateLimit.set({ requests, windowMs });
    return done;
  },
  "DELETE /admin/rate-limit": after(({ rateLimit }) => rateLimit.set(null)),
  "DELETE /admin/tokens": after(({ auth }) => auth.expireTokens()),
  "GET /admin/state": state,
  "GET /admin/stats": ({ stats }) => ok(stats),
  "POST /admin/reset": after(resetAll),
};

/** Answers one admin request. Throws AppError or ZodError for input that is wrong. */
export const answerAdmin = (deps: AdminDeps, request: ApiRequest): Answer => {
  const handler = ROUTES[`${request.method} ${request.path}`];
  return handler ? handler(deps, request) : failure(404, "not_found", "The admin API has no such path and method.");
};
