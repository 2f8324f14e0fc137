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
  const { key } = newApiKeys.find(({ environment }) => environment === "dev") ?? {};
  if (key === undefined || url === "") return;
  console.error(`Deploy functions: SYNCLINE_URL=${url} SYNCLINE_API_KEY=${key} npm run -s syncline -- deploy <folder>`);
};

const run = async (): Promise<void> => {
  const signalled = untilSignal();
  const config = readConfig();
  const log = createLogger(config.logLevel);
  log.info({ event: "server.starting", role: config.role }, "starting");
  let isStarted = false;
  const ending = new AbortController();
  const stopping = signalled.then((signal) => {
    ending.abort();
    log.info({ event: "server.stopping", signal }, "stopping");
    // Too late is a failure once there was work to finish; a start that cannot end, behind a lock say, has nothing to lose.
    setTimeout(() => process.exit(isStarted ? 1 : 0), STOP_DEADLINE_MS).unref();
  });
  const { startServer } = await import("../main.ts"); // not above: the other commands would load the whole server, 0.5 s
  const server = await startServer(config, log, { signal: ending.signal }).catch((error: unknown) => {
    if (ending.signal.aborted) process.exit(0);
    throw error;
  });
  isStarted = true;
  announce(server); // also when it stops again at once: keys made now are never shown again
  if (!ending.signal.aborted) log.info({ event: "server.started", url: server.url, role: config.role }, "ready");
  await stopping;
  await server.stop();
  process.exit(0);
};

export const addStartCommand = (program: Command): void => {
  program.command("start").description("start the API and the worker (SYNCLINE_ROLE: all, api or worker)").action(run);
};
