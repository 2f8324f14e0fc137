// GET /webhooks, GET /webhooks/:uid, POST /webhooks/:uid/replay, POST /webhooks/replay: what the app was told.
import { z } from "zod";
import { findConnection } from "../../db/connections.ts";
import { replayWebhook, replayWebhooks } from "../../db/outbox.ts";
import { countWebhooks, findWebhook, getWebhook, listWebhooks } from "../../db/webhooks.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { SUCCESS, Success } from "../success.ts";
import { fieldError } from "../validate.ts";
import { filterShape, ShownWebhook, showWebhook, sqlFilter, WholeWebhook } from "./shapes.ts";

const Cursor = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const ListQuery = z.strictObject({
  ...filterShape,
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: Cursor.optional().meta({ description: "`next_cursor` of the page before." }),
});

const ReplayBody = z
  .strictObject({
    ...filterShape,
    state: z.enum(["dead", "delivered"]).optional().meta({ description: "dead unless given." }),
    dry_run: z.boolean().default(false).meta({ description: "Only count." }),
  })
  .refine(({ state, from, url }) => (state ?? from ?? url) !== undefined, "needs at least one of state, from and url")
  .refine(
    ({ connection_id, provider_config_key }) => (connection_id === undefined) === (provider_config_key === undefined),
    { path: ["connection_id"], error: "goes with provider_config_key" },
  );

const Params = z.strictObject({ uid: z.uuid() });
const one = { path: "/webhooks/:uid", tag: "Webhooks", params: Params, errors: ["not_found"] } as const;
const NO_WEBHOOK = "There is no such webhook, or it was long ago.";

/** What was sent and is to be sent: each is one statement or two. */
export const webhooksEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/webhooks",
      tag: "Webhooks",
      says: "Webhooks to the app, the newest first",
      more: "One for each destination. They are kept as long as runs are.",
      scope: "webhooks:read",
      query: ListQuery,
      answers: {
        200: {
          says: "A page, without bodies.",
          body: z.strictObject({
            webhooks: z.array(ShownWebhook),
            next_cursor: z.string().nullable().meta({ description: "Null on the last page." }),
          }),
        },
      },
    },
    async ({ environment, query: { limit, cursor, ...filter } }) => {
      const asked = { ...sqlFilter(environment.id, filter), before: cursor ?? null, limit: limit + 1 };
      const found = await listWebhooks(db, asked);
      const page = found.slice(0, limit);
      return {
        webhooks: page.map(showWebhook),
        next_cursor: found.length > limit ? String(page.at(-1)!.id) : null,
      };
    },
  ),
  endpoint(
    {
      ...one,
      method: "get",
      says: "A webhook with its body, its attempts, and why it has not arrived",
      scope: "webhooks:read",
      answers: { 200: { says: "The webhook.", body: z.strictObject({ data: WholeWebhook }) } },
    },
    async ({ environment, params: { uid } }) => {
      const found = await getWebhook(db, { environment: environment.id, uid });
      if (found === null) throw new AppError("not_found", NO_WEBHOOK);
      return { data: showWebhook(found) };
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/webhooks/replay",
      unaudited: "what was said once is said again; nothing is configured",
      tag: "Webhooks",
      says: "Send many webhooks once more",
      more: "Those that were given up, or delivered, and match all filters, of which state, from or url must be one. The receiver sees the same ids; those of one stream arrive in their old order.",
      scope: "webhooks:write",
      body: ReplayBody,
      answers: {
        200: {
          says: "How many will be sent, or with `dry_run` would be.",
          body: z.strictObject({ count: z.number().int(), dry_run: z.boolean() }),
        },
      },
    },
    async ({ environment: { id: environment }, body: { dry_run, state = "dead", ...filter } }) => {
      const asked = sqlFilter(environment, { ...filter, state });
      if (dry_run) return { count: await countWebhooks(db, asked), dry_run };
      const { connection, integration, ...others } = asked;
      if (connection === null || integration === null)
        return { count: await replayWebhooks(db, { ...others, connection: null }), dry_run };
      const found = await findConnection(db, { environment, integration, connection });
      if (found === null) throw fieldError("invalid_body", ["connection_id"], "there is no such connection");
      return { count: await replayWebhooks(db, { ...others, connection: found.id }), dry_run };
    },
  ),
  endpoint(
    {
      ...one,
      path: "/webhooks/:uid/replay",
      unaudited: "what was said once is said again; nothing is configured",
      method: "post",
      says: "Send a webhook once more",
      more: "At once and from the first attempt on, whatever became of it. The receiver sees the same id.",
      scope: "webhooks:write",
      answers: { 200: { says: "It will be sent.", body: Success } },
    },
    async ({ environment, params: { uid } }) => {
      const id = await findWebhook(db, { environment: environment.id, uid });
      if (id === null || !(await replayWebhook(db, { id }))) throw new AppError("not_found", NO_WEBHOOK);
      return SUCCESS;
    },
  ),
];
