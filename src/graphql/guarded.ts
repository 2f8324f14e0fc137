// PostGraphile with its gate: what is loaded with the first request.
import type { DataKeys } from "../crypto/data-keys.ts";
import type { Pool } from "../db/pool.ts";
import type { Logger } from "../log.ts";
import type { Catalogue } from "../providers/catalogue.ts";
import { createAnswer } from "./answer.ts";
import { createMask } from "./errors.ts";
import type { GraphqlSettings } from "./graphql.ts";
import { createGate } from "./limits/gate.ts";
import { LIMITS } from "./limits/limits.ts";
import { createLimitsPlugin } from "./limits/plugin.ts";
import type { Operations } from "./operations.ts";
import { createServed, type Served } from "./served.ts";

type Deps = {
  pool: Pool;
  url: string;
  keys: DataKeys;
  catalogue: Catalogue;
  log: Logger;
  operations: Operations;
  settings: GraphqlSettings;
  live: GraphileConfig.Plugin;
};

/** What serves, and how it is asked over HTTP. */
export type Guarded = Served & { answer: ReturnType<typeof createAnswer> };

/** Load it. */
export const createGuarded = async ({
  pool,
  url,
  catalogue,
  keys,
  log,
  operations,
  settings,
  live,
}: Deps): Promise<Guarded> => {
  const { introspection = true, maxDepth = LIMITS.depth, maxCost = LIMITS.cost } = settings;
  const gate = createGate({ limits: { ...LIMITS, depth: maxDepth, cost: maxCost }, introspection });
  const limits = createLimitsPlugin({ gate, operations });
  const mask = createMask(log);
  const served = await createServed({ pool, url, catalogue, keys, log, limits, mask, live });
  return { ...served, answer: createAnswer({ gate, operations, mask }) };
};
