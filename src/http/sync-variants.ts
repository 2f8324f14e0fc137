// POST and DELETE /sync/:name/variant/:variant.
import type { Request, Response } from "express";
import { z } from "zod";
import { createVariant, deleteVariant } from "../db/sync-control.ts";
import { inTransaction } from "../db/tx.ts";
import { environmentOf } from "./auth.ts";
import type { Install } from "./deps.ts";
import { ConnectionId, Name, ProviderConfigKey } from "./patterns.ts";
import { type Refusals, readBody, readParams, refuseQuery, translating } from "./validate.ts";

const Params = z.strictObject({ name: Name, variant: Name });
const Body = z.strictObject({ provider_config_key: ProviderConfigKey, connection_id: ConnectionId });

const REFUSALS: Refusals = {
  "no such integration": "unknown_provider_config",
  "no such connection": "unknown_connection",
  "reserved variant": "invalid_variant",
};

const read = (req: Request, res: Response) => {
  refuseQuery(req);
  const { name: sync, variant } = readParams(req, Params);
  const { provider_config_key: integration, connection_id: connection } = readBody(req, Body);
  return { environment: environmentOf(res).id, integration, connection, sync, variant };
};

/** Variants of a sync: each with a schedule, a checkpoint and records of its own. */
export const installSyncVariants: Install = (app, { db }) => {
  app
    .route("/sync/:name/variant/:variant")
    .post(async (req, res) => {
      const refusals: Refusals = {
        ...REFUSALS,
        "no such sync": "unknown_sync",
        "variant exists": "sync_variant_already_exists",
        "too many variants": "resource_capped",
      };
      res.json(await translating(refusals, createVariant(db, read(req, res))));
    })
    .delete(async (req, res) => {
      const variant = read(req, res);
      const work = inTransaction(db, (client) => deleteVariant(client, variant));
      await translating({ ...REFUSALS, "no such sync": "not_found" }, work);
      res.json({ success: true });
    });
};
