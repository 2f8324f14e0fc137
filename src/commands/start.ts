// `syncline start`: the server, until SIGTERM or SIGINT.
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { createLogger } from "../log.ts";
import type { Server } from "../main.ts";

/** Resolves with the first signal that asks this process to end. Further ones are swallowed: the stop has a deadline. */
export const untilSignal = (): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve(signal));
  });

const STOP_DEADLINE_MS = 9_500;

const announce = ({ url, psqlHint, newApiKeys }: Server): void => {
  for (const { environment, key } of newApiKeys) {
    console.error(`API key of environment ${environment}, shown this once: ${key}`);
  }
  if (url !== "") console.error(`Syncline listens on ${url}`);
  console.error(`psql: ${psqlHint}`);
};

/** Stop a server; the process ends with 0 when that was in time, with 1 when it had to be cut short. */
export const stopInTime = async (server: Server): Promise<never> => {
  setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
  await server.stop();
  process.exit(0);
};

const run = async (): Promise<void> => {
  const signalled = untilSignal();
  const config = readConfig();
  const log = createLogger(config.logLevel);
  const { startServer } = await import("../main.ts"); // not above: the other commands would load the whole server, 0.5 s
  const server = await startServer(config, log);
  announce(server);
  log.info({ event: "server.started", url: server.url, role: config.role }, "ready");
  const signal = await signalled;
  log.info({ event: "server.stopping", signal }, "stopping");
  await stopInTime(server);
};

export const addStartCommand = (program: Command): void => {
  program.command("start").description("start the API and the worker (SYNCLINE_ROLE: all, api or worker)").action(run);
};
