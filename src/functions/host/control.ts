// triggerSync, startSync, triggerAction: what a function may set going beside itself, for its own connection.
import { startSync as start, triggerSync as trigger } from "../../db/sync-control.ts";
import { inTransaction } from "../../db/tx.ts";
import { AppError, hasCode } from "../../errors.ts";
import { asRun } from "./as-run.ts";
import { refuseOthers } from "./own.ts";
import type { RunHost } from "./run-host.ts";

/** Run an action of a connection and wait for its value; rejects with the action's error. */
export type RunAction = (o: {
  connection: number;
  name: string;
  input: unknown;
  signal: AbortSignal;
}) => Promise<unknown>;

const MODES: Record<string, { reset: boolean; emptyCache: boolean }> = {
  incremental: { reset: false, emptyCache: false },
  full_refresh: { reset: true, emptyCache: false },
  full_refresh_and_clear_cache: { reset: true, emptyCache: true },
};

const modeOf = (given: unknown): { reset: boolean; emptyCache: boolean } => {
  if (given === undefined || given === null || given === false) return MODES.incremental!;
  if (given === true) return MODES.full_refresh!;
  if (typeof given === "string" && Object.hasOwn(MODES, given)) return MODES[given]!;
  if (typeof given === "object") {
    const { reset, emptyCache } = given as { reset?: unknown; emptyCache?: unknown };
    return { reset: reset === true, emptyCache: emptyCache === true };
  }
  throw new AppError("SL004", `triggerSync: the mode must be one of ${Object.keys(MODES).join(", ")}`);
};

const nameOf = (sync: unknown): string => {
  const { name, variant } = (typeof sync === "string" ? { name: sync } : (sync ?? {})) as Record<string, unknown>;
  if (typeof name === "string" && name !== "") return typeof variant === "string" ? `${name}::${variant}` : name;
  throw new AppError("SL004", "a sync is named by its name, by name::variant, or by { name, variant }");
};

const scopeOf = ({ lease }: RunHost, syncs: string[]) => ({
  environment: lease.environment_id,
  integration: lease.provider_config_key,
  connection: lease.connection_name,
  syncs,
});

const knownSyncs = async <T>(names: string[], work: Promise<T>): Promise<T> =>
  work.catch((error) => {
    if (!hasCode(error, "SL002") || error.message !== "no such sync") throw error;
    throw new AppError("unknown_sync", `This connection has no sync ${names.join(", ")}.`, { cause: error });
  });

/** `triggerSync(integration, connection, sync, mode)`: a run now, none where one is live. A reset cancels that one. */
export const triggerSync =
  (host: RunHost) =>
  async (integration: unknown, connection: unknown, sync: unknown, mode?: unknown): Promise<void> => {
    refuseOthers(host, integration, connection);
    const [names, how] = [[nameOf(sync)], modeOf(mode)];
    await host.writes.flush();
    const work = asRun(host.lease, () =>
      inTransaction(host.pool, (db) => trigger(db, { ...scopeOf(host, names), ...how })),
    );
    await knownSyncs(names, work);
  };

/** `startSync(integration, syncs, connection?)`: paused syncs run at once and then on schedule. */
export const startSync =
  (host: RunHost) =>
  async (integration: unknown, syncs: unknown, connection?: unknown): Promise<void> => {
    refuseOthers(host, integration, connection);
    if (!Array.isArray(syncs) || syncs.length === 0) throw new AppError("SL004", "startSync takes a list of syncs");
    const names = syncs.map(nameOf);
    await host.writes.flush();
    await knownSyncs(
      names,
      asRun(host.lease, () => inTransaction(host.pool, (db) => start(db, scopeOf(host, names)))),
    );
  };

/** `triggerAction(integration, connection, name, input?)`: the action's value; its error reaches the caller with code and payload. */
export const triggerAction =
  (host: RunHost, o: { runAction: RunAction | undefined; signal: AbortSignal }) =>
  async (integration: unknown, connection: unknown, name: unknown, input?: unknown): Promise<unknown> => {
    refuseOthers(host, integration, connection);
    if (typeof name !== "string" || name === "")
      throw new AppError("SL004", "triggerAction: the action's name is missing");
    if (o.runAction === undefined) throw new AppError("not_found", "Actions cannot be run from here.");
    await host.inOrder(() => host.writes.flush());
    return o.runAction({ connection: host.lease.connection_id, name, input: input ?? null, signal: o.signal });
  };
