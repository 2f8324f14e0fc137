// POST and DELETE /sync/:name/variant/:variant.
import { z } from "zod";
import { createVariant, deleteVariant } from "../../db/sync-control.ts";
import { inTransaction } from "../../db/tx.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, Name, ProviderConfigKey } from "../patterns.ts";
import { SUCCESS, Success } from "../success.ts";
import { type Refusals, translating } from "../validate.ts";

const Params = z.strictObject({ name: Name, variant: Name });
const Body = z.strictObject({ provider_config_key: ProviderConfigKey, connection_id: ConnectionId });

const REFUSALS: Refusals = {
  "no such integration": "unknown_provider_config",
  "no such connection": "unknown_connection",
  "reserved variant": "invalid_variant",
};

const Made = z.strictObject({ id: z.string(), name: z.string(), variant: z.string() });

type Named = { environment: { id: number }; params: z.output<typeof Params>; body: z.output<typeof Body> };

const variantOf = ({ environment, params: { name: sync, variant }, body }: Named) => ({
  environment: environment.id,
  integration: body.provider_config_key,
  connection: body.connection_id,
  sync,
  variant,
});

const shared = {
  path: "/sync/:name/variant/:variant",
  tag: "Syncs",
  params: Params,
  body: Body,
} as const;
const ERRORS = ["unknown_provider_config", "unknown_connection", "invalid_variant"] as const;

/** Variants of a sync: each with a schedule, a checkpoint and records of its own. */
export const syncVariantEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      ...shared,
      method: "post",
      scope: "syncs:variant:create",
      says: "Make a variant of a connection's sync",
      client: "createSyncVariant",
      answers: { 200: { says: "The variant.", body: Made } },
      errors: [...ERRORS, "unknown_sync", "sync_variant_already_exists", "resource_capped"],
    },
    async (asked) => {
      const refusals: Refusals = {
        ...REFUSALS,
        "no such sync": "unknown_sync",
        "variant exists": "sync_variant_already_exists",
        "too many variants": "resource_capped",
      };
      return await translating(refusals, createVariant(db, variantOf(asked)));
    },
  ),
  endpoint(
    {
      ...shared,
      method: "delete",
      scope: "syncs:variant:delete",
      says: "Delete a variant and its records",
      client: "deleteSyncVariant",
      answers: { 200: { says: "It is gone.", body: Success } },
      errors: [...ERRORS, "not_found"],
    },
    async (asked) => {
      const work = inTransaction(db, (client) => deleteVariant(client, variantOf(asked)));
      await translating({ ...REFUSALS, "no such sync": "not_found" }, work);
      return SUCCESS;
    },
  ),
];
