// A process that owns an embedded Postgres until it is killed or its standard input ends: `node embedded-owner.ts <folder>`.
// Prints one line of JSON: the server's pid, or the code and message of the error.
import { once } from "node:events";
import { startEmbeddedPostgres } from "../../src/db/embedded/start.ts";
import type { AppError } from "../../src/errors.ts";

const say = (fields: object): void => {
  process.stdout.write(`${JSON.stringify(fields)}\n`);
};

try {
  const server = await startEmbeddedPostgres({ dataFolder: process.argv[2]!, settings: { fsync: "off" } });
  say({ pid: server.pid });
  process.stdin.resume();
  await once(process.stdin, "end");
  await server.stop();
} catch (error) {
  say({ code: (error as AppError).code, message: (error as AppError).message });
}
