// What is sealed in a connection, opened.
import type { DataKeys } from "../crypto/data-keys.ts";
import { credentialsPlace } from "../crypto/places.ts";
import { openJson } from "../crypto/seal.ts";
import type { LoadedConnection } from "../db/targets.ts";
import { Credentials } from "../providers/credentials.ts";

type Sealed = Pick<
  LoadedConnection,
  "id" | "environment_id" | "provider_config_key" | "connection_id" | "credentials_sealed"
>;

/** The credentials of a connection; of kind NONE where it has none. */
export const openCredentials = async (keys: DataKeys, connection: Sealed): Promise<Credentials> => {
  const { id, environment_id, provider_config_key, connection_id, credentials_sealed: sealed } = connection;
  if (sealed === null) return { type: "NONE" };
  const place = credentialsPlace(environment_id, provider_config_key, connection_id);
  return Credentials.parse(openJson(await keys.ofConnection(id), sealed, place));
};
