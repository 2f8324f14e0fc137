// The connection that the headers of a request name.
import type { z } from "zod";
import { findConnection } from "../db/connections.ts";
import { AppError } from "../errors.ts";
import type { HttpDeps } from "./deps.ts";
import type { ConnectionHeaders } from "./patterns.ts";

type Named = { environment: { id: number }; headers: z.output<typeof ConnectionHeaders> };

/** Its number, by one statement; `unknown_connection` when the environment has none of these names. */
export const connectionOf = async ({ db }: Pick<HttpDeps, "db">, { environment, headers }: Named): Promise<number> => {
  const found = await findConnection(db, {
    environment: environment.id,
    integration: headers["provider-config-key"],
    connection: headers["connection-id"],
  });
  if (found === null) throw new AppError("unknown_connection");
  return found.id;
};
