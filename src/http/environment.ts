// GET, PATCH /environment/webhooks, /environment/validation and GET /environment/signing-key: where webhooks go, how to check
// them, and how records are checked.
import { z } from "zod";
import { signingKeyPlace } from "../crypto/places.ts";
import { openJson } from "../crypto/seal.ts";
import {
  getRecordValidation,
  getSigningKey,
  getWebhookSettings,
  RecordValidation,
  setRecordValidation,
  updateWebhookSettings,
} from "../db/environments.ts";
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

const ValidationBody = z.strictObject({ record_validation: RecordValidation });

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

  app
    .route("/environment/validation")
    .get(async (req, res) => {
      refuseQuery(req);
      const mode = await getRecordValidation(db, { environment: environmentOf(res).id });
      res.json({ data: { record_validation: mode } });
    })
    .patch(async (req, res) => {
      refuseQuery(req);
      const { record_validation: mode } = readBody(req, ValidationBody);
      await setRecordValidation(db, { environment: environmentOf(res).id, mode });
      res.json({ data: { record_validation: mode } });
    });

  app.get("/environment/signing-key", async (req, res) => {
    refuseQuery(req);
    const environment = environmentOf(res).id;
    const sealed = await getSigningKey(db, { environment });
    const key = openJson(await keys.ofEnvironment(environment), sealed, signingKeyPlace(environment));
    res.json({ data: { webhook_signing_key: key } });
  });
};
