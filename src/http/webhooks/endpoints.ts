// GET /webhooks/endpoints, and POST …/:id/pause, resume and probe: the URLs to which webhooks go.
import { z } from "zod";
import { pauseEndpoint, probeEndpoint, resumeEndpoint } from "../../db/outbox.ts";
import { findEndpoint, listWebhookEndpoints } from "../../db/webhooks.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { SUCCESS, Success } from "../success.ts";

const count = (says: string) => z.number().int().meta({ description: says });
const time = (says: string) => z.string().nullable().meta({ description: says });
const milliseconds = (says: string) => z.number().int().nullable().meta({ description: says });

const ShownEndpoint = z
  .strictObject({
    id: z
      .number()
      .int()
      .nullable()
      .meta({ description: "Null for a URL of which only webhooks that were given up are left." }),
    url: z.string(),
    status: z.enum(["paused", "resting", "blocked", "dead ones", "retrying", "sending", "ok"]).meta({
      description:
        "paused by somebody; resting after failures in a row, when now and then one webhook is tried; blocked for as long as it asked; dead ones: some were given up; retrying: some failed and are tried again; sending; ok.",
    }),
    pending: count("How many are to be sent."),
    retrying: count("How many of these have been tried before."),
    dead: count("How many were given up, of those that are still kept."),
    delivered: count("How many were delivered in the last 24 hours."),
    oldest_pending_at: time("When the oldest that is to be sent was made."),
    paused_at: time("When somebody paused it."),
    probe_at: time("While it rests: when one webhook is tried."),
    blocked_until: time("Until when it asked to be left alone."),
    failures_in_a_row: count("Failures since it last took one."),
    p50_ms: milliseconds("Half of the attempts at the environment's last 1,000 webhooks took no longer."),
    p99_ms: milliseconds("Of 100 of them, 99 took no longer."),
    last_success_at: time("When it last took one, give or take 10 s."),
    last_failure_at: time("When it last did not."),
    last_status: z.number().int().nullable(),
    last_error: z.string().nullable().meta({ description: "Why there was no answer." }),
  })
  .meta({ id: "WebhookEndpoint" });

const Params = z.strictObject({
  id: z.coerce
    .number()
    .int()
    .min(1)
    .max(2 ** 31 - 1),
});

// By the last part of the path.
const ORDERS = {
  pause: {
    does: pauseEndpoint,
    says: "Send nothing more to a URL",
    more: "What is to be sent waits, and loses no attempts.",
    told: "Nothing is sent.",
  },
  resume: {
    does: resumeEndpoint,
    says: "Send again to a URL that was paused",
    more: "One that rests after failures goes on resting.",
    told: "It is not paused.",
  },
  probe: {
    does: probeEndpoint,
    says: "Try a URL now that rests or asked for a pause",
    more: "One webhook is sent at once; when it is taken, all others follow. A paused one stays so.",
    told: "It will be tried.",
  },
} as const;

/** Endpoints: a row for each URL that something was sent to. */
export const webhookEndpointEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/webhooks/endpoints",
      tag: "Webhooks",
      says: "How the URLs are doing to which webhooks go",
      more: "Counts what waits: with millions it takes seconds.",
      scope: "webhooks:read",
      answers: { 200: { says: "By URL.", body: z.strictObject({ endpoints: z.array(ShownEndpoint) }) } },
    },
    async ({ environment }) => ({ endpoints: await listWebhookEndpoints(db, { environment: environment.id }) }),
  ),
  ...Object.entries(ORDERS).map(([order, { does, says, more, told }]) =>
    endpoint(
      {
        method: "post",
        path: `/webhooks/endpoints/:id/${order}`,
        tag: "Webhooks",
        says,
        more,
        scope: "webhooks:write",
        params: Params,
        answers: { 200: { says: told, body: Success } },
        errors: ["not_found"],
      },
      async ({ environment, params: { id } }) => {
        const found = await findEndpoint(db, { environment: environment.id, id });
        if (found === null || !(await does(db, { id: found })))
          throw new AppError("not_found", "No endpoint has this id.");
        return SUCCESS;
      },
    ),
  ),
];
