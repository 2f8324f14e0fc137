// LISTEN on one channel over a connection of its own, made anew whenever it is lost. A notice is a hint: what is sent
// while nobody listens is lost, so whoever listens must also look by itself now and then.
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "../log.ts";
import { connect } from "./pool.ts";

const RECONNECT_MS = 1_000;

/** Call `onNotice` with the payload of each notice on `channel`, and `onListening` whenever listening begins. `close` ends it. */
export const listen = (deps: {
  url: string;
  channel: string;
  applicationName: string;
  onNotice: (payload: string) => void;
  onListening?: () => void;
  log: Logger;
}): { close: () => Promise<void> } => {
  const closing = new AbortController();

  const listenOnce = async (): Promise<void> => {
    const client = await connect({ url: deps.url, applicationName: deps.applicationName });
    if (closing.signal.aborted) return await client.end(); // asked for while it connected: no event will come
    const ended = new Promise<void>((resolve) => {
      client.once("end", resolve);
      closing.signal.addEventListener("abort", () => client.end().finally(resolve), { once: true });
    });
    client.on("notification", ({ payload }) => deps.onNotice(payload ?? ""));
    await client.query(`listen ${deps.channel}`);
    deps.onListening?.();
    await ended;
  };

  const forever = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      await listenOnce().catch((err) =>
        deps.log.warn({ event: "listen.lost", channel: deps.channel, err }, "listening again"),
      );
      await sleep(RECONNECT_MS, undefined, { signal: closing.signal }).catch(() => {});
    }
  };

  const running = forever();
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
};
