// /environment/webhooks and /environment/validation: where webhooks go, and how records are checked.
import { z } from "zod";
import {
  getRecordValidation,
  getWebhookSettings,
  RecordValidation,
  setRecordValidation,
  updateWebhookSettings,
} from "../../db/environments.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { HttpUrl } from "../patterns.ts";
import { checkDestinations } from "../webhooks/destination.ts";

const destination = z
  .union([z.literal(""), HttpUrl])
  .nullable()
  .optional()
  .meta({ description: "An empty or null URL turns the destination off." });
const toggle = z.boolean().optional();

const WebhookChanges = z.strictObject({
  primary_url: destination,
  secondary_url: destination,
  on_auth_creation: toggle,
  on_auth_refresh_error: toggle,
  on_sync_error: toggle,
  on_sync_completion_always: toggle,
  on_async_action_completion: toggle,
  on_connection_deletion: toggle,
});

const WebhookSettings = z
  .strictObject({
    primary_url: z.string().nullable(),
    secondary_url: z.string().nullable(),
    on_auth_creation: z.boolean(),
    on_auth_refresh_error: z.boolean(),
    on_sync_error: z.boolean(),
    on_sync_completion_always: z.boolean().meta({ description: "Also after runs that changed nothing." }),
    on_async_action_completion: z.boolean(),
    on_connection_deletion: z.boolean(),
  })
  .meta({ id: "WebhookSettings", description: "Where webhooks go, and which are sent." });

const Validation = z
  .strictObject({
    record_validation: RecordValidation.meta({
      description:
        "Records that do not match their model: stored (`off`), stored and logged (`warn`), refused (`enforce`).",
    }),
  })
  .meta({ id: "Validation" });

const read = { method: "get", tag: "Settings", scope: "settings:read" } as const;
const change = { method: "patch", tag: "Settings", scope: "settings:write" } as const;

const webhooks = {
  path: "/environment/webhooks",
  answers: { 200: { says: "The settings.", body: z.strictObject({ data: WebhookSettings }) } },
} as const;

const validation = {
  path: "/environment/validation",
  answers: { 200: { says: "The mode.", body: z.strictObject({ data: Validation }) } },
} as const;

/** Settings of the environment that the key belongs to. */
export const environmentEndpoints = ({ db, runs }: HttpDeps): Endpoint[] => [
  endpoint({ ...read, ...webhooks, says: "Where webhooks go" }, async ({ environment }) => ({
    data: await getWebhookSettings(db, { environment: environment.id }),
  })),
  endpoint(
    { ...change, ...webhooks, says: "Change where webhooks go", body: WebhookChanges },
    async ({ environment: { id }, body }) => {
      await checkDestinations({ runs }, body);
      await updateWebhookSettings(db, { environment: id, changes: body });
      return { data: await getWebhookSettings(db, { environment: id }) };
    },
  ),
  endpoint({ ...read, ...validation, says: "How records are checked" }, async ({ environment }) => ({
    data: { record_validation: await getRecordValidation(db, { environment: environment.id }) },
  })),
  endpoint(
    { ...change, ...validation, says: "Change how records are checked", body: Validation },
    async ({ environment, body: { record_validation } }) => {
      await setRecordValidation(db, { environment: environment.id, mode: record_validation });
      return { data: { record_validation } };
    },
  ),
];
