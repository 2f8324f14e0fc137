// Which errors say that the database went away, and nothing about what was asked of it.
import pg from "pg";

// 08: connection; 57P: shut down, crashed, starting; 53300: no connection left.
const SQLSTATE = /^(08...|57P0[1-3]|53300)$/;
const NETWORK = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EAI_AGAIN",
]);
// node-postgres gives these no code.
const DRIVER =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;

/** True when the same call may work once the database is back; whether it took effect is not known. */
export const isConnectionLost = (error: unknown): boolean => {
  if (error instanceof pg.DatabaseError) return SQLSTATE.test(error.code ?? "");
  if (!(error instanceof Error)) return false;
  return NETWORK.has((error as { code?: string }).code ?? "") || DRIVER.test(error.message);
};
