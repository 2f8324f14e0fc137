// GET /webhooks, GET /webhooks/:uid, POST /webhooks/:uid/replay: what the app was told.
import { z } from "zod";
import { replayWebhook } from "../../db/outbox.ts";
import { findWebhook, getWebhook, listWebhooks } from "../../db/webhooks.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { SUCCESS, Success } from "../success.ts";
import { filterShape, ShownWebhook, showWebhook, sqlFilter, WholeWebhook } from "./shapes.ts";

const Cursor = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

const ListQuery = z.strictObject({
  ...filterShape,
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: Cursor.optional().meta({ description: "`next_cursor` of the page before." }),
});

const Params = z.strictObject({ uid: z.uuid() });
const one = { path: "/webhooks/:uid", tag: "Webhooks", params: Params, errors: ["not_found"] } as const;
const NO_WEBHOOK = "There is no such webhook, or it was long ago.";

/** What was sent and is to be sent: each is one statement. */
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
      return { data: { ...showWebhook(found), body: found.body, attempted: found.attempted, reasons: found.reasons } };
    },
  ),
  endpoint(
    {
      ...one,
      path: "/webhooks/:uid/replay",
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
