// GET, PATCH /environment/webhooks and GET /environment/signing-key: where webhooks go and how to check them.
import { z } from "zod";
import { signingKeyPlace } from "../crypto/places.ts";
import { openJson } from "../crypto/seal.ts";
import { getSigningKey, getWebhookSettings, updateWebhookSettings } from "../db/environments.ts";
import { environmentOf } from "./auth.ts";
import type { Install } from "./deps.ts";
import { HttpUrl } from "./patterns.ts";
import { readBody, refuseQuery } from "./validate.ts";

const destination = z
  .union([z.literal(""), HttpUrl])
  .nullable()
  .optional();
const toggle = z.boolean().optional();

const PatchBody = z.strictObject({
  primary_url: destination,
  secondary_url: destination,
  on_auth_creation: toggle,
  on_auth_refresh_error: toggle,
  on_sync_error: toggle,
  on_sync_completion_always: toggle,
  on_async_action_completion: toggle,
  on_connection_deletion: toggle,
});

/** Settings of the environment that the key belongs to. An empty or null URL turns a destination off. */
export const installEnvironment: Install = (app, { db, keys }) => {
  app
    .route("/environment/webhooks")
    .get(async (req, res) => {
      refuseQuery(req);
      res.json({ data: await getWebhookSettings(db, { environment: environmentOf(res).id }) });
    })
    .patch(async (req, res) => {
      refuseQuery(req);
      const environment = environmentOf(res).id;
      await updateWebhookSettings(db, { environment, changes: readBody(req, PatchBody) });
      res.json({ data: await getWebhookSettings(db, { environment }) });
    });

  app.get("/environment/signing-key", async (req, res) => {
    refuseQuery(req);
    const environment = environmentOf(res).id;
    const sealed = await getSigningKey(db, { environment });
    const key = openJson(await keys.ofEnvironment(environment), sealed, signingKeyPlace(environment));
    res.json({ data: { webhook_signing_key: key } });
  });
};
