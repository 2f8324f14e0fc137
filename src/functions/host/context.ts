// What a function knows about its run without asking, from the run's lease.
import type { Lease } from "../../db/runs.ts";
import type { Catalogue } from "../../providers/catalogue.ts";
import type { RunContext } from "../protocol.ts";

/** The context of a run. */
export const contextOf = (lease: Lease, catalogue: Catalogue): RunContext => {
  const provider = catalogue.get(lease.provider);
  return {
    variant: lease.variant,
    connectionId: lease.connection_name,
    connectionNumber: lease.connection_id,
    providerConfigKey: lease.provider_config_key,
    provider: lease.provider,
    environmentName: lease.environment_name,
    environmentId: lease.environment_id,
    syncId: lease.sync_uid,
    runId: String(lease.id),
    functionName: lease.sync_name,
    models: lease.models,
    lastSyncDate: lease.last_success_at,
    scriptType: lease.kind,
    logLevel: "debug",
    trackDeletes: lease.track_deletes,
    emptyCache: lease.empty_cache,
    validation: lease.record_validation,
    paginateDefaults: provider === undefined ? null : provider.proxy?.paginate,
  };
};
