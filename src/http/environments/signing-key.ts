// GET /environment/signing-key and POST /environment/webhook-signing-key/rotate: the key that proves where webhooks come from.
import { z } from "zod";
import { signingKeyPlace } from "../../crypto/places.ts";
import { sealJson } from "../../crypto/seal.ts";
import { openSigningKey } from "../../crypto/signing-key.ts";
import { newSigningKey } from "../../db/ensure-environments.ts";
import { getSigningKey, setSigningKey } from "../../db/environments.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { noteRead } from "./note-read.ts";

const SigningKey = z.strictObject({
  data: z.strictObject({
    webhook_signing_key: z.string(),
    standard_webhooks_secret: z
      .string()
      .meta({ description: "The same key as libraries of standardwebhooks.com take it." }),
  }),
});

const shown = (key: string): z.infer<typeof SigningKey> => ({
  data: {
    webhook_signing_key: key,
    standard_webhooks_secret: `whsec_${Buffer.from(key).toString("base64")}`,
  },
});

/** An environment has one signing key, apart from its API keys. */
export const signingKeyEndpoints = ({ db, keys }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      audited: true,
      path: "/environment/signing-key",
      tag: "Settings",
      says: "The key that signs webhooks",
      scope: "webhook_signing_key:read",
      answers: { 200: { says: "The key.", body: SigningKey } },
    },
    async ({ environment }) => {
      const { id } = environment;
      const sealed = await getSigningKey(db, { environment: id });
      await noteRead(db, environment, "environment.signing_key_read");
      return shown(await openSigningKey(keys, id, sealed));
    },
  ),
  endpoint(
    {
      method: "post",
      path: "/environment/webhook-signing-key/rotate",
      tag: "Settings",
      says: "Replace the key that signs webhooks",
      more: "Every attempt from now on is signed with the new key, also of webhooks that were tried before.",
      scope: "webhook_signing_key:rotate",
      answers: { 200: { says: "The new key.", body: SigningKey } },
    },
    async ({ environment: { id } }) => {
      const key = newSigningKey();
      await setSigningKey(db, {
        environment: id,
        sealed: sealJson(await keys.ofEnvironment(id), key, signingKeyPlace(id)),
      });
      return shown(key);
    },
  ),
];
