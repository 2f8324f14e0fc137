// getEnvironmentVariables: what the operator lets functions of the environment read.
import { environmentVariablePlace } from "../../crypto/places.ts";
import { open } from "../../crypto/seal.ts";
import { listEnvironmentVariables } from "../../db/environment-variables.ts";
import type { RunHost } from "./run-host.ts";

/** `getEnvironmentVariables()`: by name. From then on their values are kept out of the run's log. */
export const getEnvironmentVariables = (host: RunHost) => async (): Promise<{ name: string; value: string }[]> => {
  const environment = host.lease.environment_id;
  const sealed = await listEnvironmentVariables(host.pool, { environment });
  const key = await host.keys.ofEnvironment(environment);
  return sealed.map(({ name, value_sealed }) => {
    const value = open(key, value_sealed, environmentVariablePlace(environment, name));
    host.redactor.learn({ value });
    return { name, value };
  });
};
