// A function acts for its own connection. Members that name one may name that.
import { AppError } from "../../errors.ts";
import type { RunHost } from "./run-host.ts";

/** Throws `forbidden` unless these are the names of the run's integration and connection; a name left out is its own. */
export const refuseOthers = ({ lease }: Pick<RunHost, "lease">, integration: unknown, connection: unknown): void => {
  const isOwn =
    (integration ?? lease.provider_config_key) === lease.provider_config_key &&
    (connection ?? lease.connection_name) === lease.connection_name;
  if (!isOwn) throw new AppError("forbidden", "A function can reach its own connection only.");
};
