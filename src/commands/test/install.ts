// What a function needs before it can run: its integration, itself deployed, and a connection of its own.
import { importConnection } from "../../db/connections.ts";
import { deployFunctions, welcomeConnection } from "../../db/functions.ts";
import { createIntegration } from "../../db/integrations.ts";
import { triggerSync } from "../../db/sync-control.ts";
import { inTransaction } from "../../db/tx.ts";
import type { CompiledFunction } from "../../functions/definition.ts";
import { providerOf } from "../../functions/fixtures/provider.ts";
import { messageOf } from "../words.ts";
import type { Engine } from "./engine.ts";

// A sync that starts by itself would run once more for each connection of its integration; tables of yours are not here.
const heldBack = (one: CompiledFunction): CompiledFunction => ({
  ...one,
  definition: { ...one.definition, auto_start: false, deliver: undefined },
});

type Deployment = { engine: Engine; integrations: Set<string> };

const ensureIntegration = async ({ engine, integrations }: Deployment, uniqueKey: string): Promise<void> => {
  if (integrations.has(uniqueKey)) return;
  const provider = providerOf(engine.catalogue, uniqueKey);
  await createIntegration(engine.pool, {
    environment: engine.environment,
    uniqueKey,
    provider,
    displayName: uniqueKey,
    forwardWebhooks: false,
    credentialsSealed: null,
    custom: {},
  });
  integrations.add(uniqueKey);
};

const deploy = ({ pool, environment }: Engine, functions: CompiledFunction[]): Promise<unknown> =>
  inTransaction(pool, (db) => deployFunctions(db, { environment, functions: functions.map(heldBack), mode: "single" }));

/** Deploys functions; comes back with what was refused, and why. */
export const createDeployer = (engine: Engine) => {
  const deployment: Deployment = { engine, integrations: new Set() };

  const deployOne = async (one: CompiledFunction): Promise<[CompiledFunction, string] | null> => {
    try {
      await ensureIntegration(deployment, one.integration);
      await deploy(engine, [one]);
      return null;
    } catch (error) {
      return [one, `It cannot be deployed: ${messageOf(error)}`];
    }
  };

  // All at once, or when one of them is refused each for itself.
  return async (functions: CompiledFunction[]): Promise<Map<CompiledFunction, string>> => {
    try {
      for (const { integration } of functions) await ensureIntegration(deployment, integration);
      await deploy(engine, functions);
      return new Map();
    } catch {
      const refused: [CompiledFunction, string][] = [];
      for (const one of functions) {
        const refusal = await deployOne(one);
        if (refusal !== null) refused.push(refusal);
      }
      return new Map(refused);
    }
  };
};

/** A new connection of the function's integration; its id in the table. */
export const connect = async (engine: Engine, integration: string, connection: string): Promise<number> => {
  const { wrapped, master_key_id: masterKeyId } = engine.keyring.createDataKey();
  const { id } = await importConnection(engine.pool, {
    environment: engine.environment,
    integration,
    connection,
    authMode: "NONE",
    connectionConfig: {},
    metadata: {},
    tags: {},
    generatedTags: {},
    endUser: null,
    webhookUrlOverride: null,
    wrapped,
    masterKeyId,
  });
  return id;
};

/** Make the connection's sync ready to run, or to run once more. */
export const trigger = async (
  engine: Engine,
  one: CompiledFunction,
  connection: { id: number; name: string },
): Promise<void> => {
  const { integration, name } = one;
  await welcomeConnection(engine.pool, { connection: connection.id, isNew: false });
  await triggerSync(engine.pool, {
    environment: engine.environment,
    integration,
    connection: connection.name,
    syncs: [name],
  });
};
