// POST /environment/webhooks/test: is there a receiver, and does it accept our signature?
import { z } from "zod";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";

const Tested = z
  .strictObject({
    url: z.string(),
    status: z.number().int().nullable().meta({ description: "Of its answer; null when there was none." }),
    ms: z.number().int(),
    error: z.string().nullable().meta({ description: "Why there was none, such as ECONNREFUSED." }),
  })
  .meta({ id: "TestedWebhook" });

/** Tests go past the outbox: they are tried once, now, and nothing remembers them but the log. */
export const webhookTestEndpoints = ({ runs }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "post",
      path: "/environment/webhooks/test",
      unaudited: "a test changes nothing",
      tag: "Settings",
      says: "Send a test webhook to each URL now",
      more: 'The body is `{"environment", "from": "nango", "sentAt", "type": "test"}`, signed as any other; receivers ignore types that they do not know. It is tried once, also where the endpoint is paused, and does not count for its health.',
      scope: "webhooks:write",
      answers: {
        200: {
          says: "What each answered; empty when no URL is set.",
          body: z.strictObject({ data: z.array(Tested) }),
        },
      },
    },
    async ({ environment }) => ({ data: await runs.testWebhooks(environment) }),
  ),
];
