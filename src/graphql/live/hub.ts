// One per API process: knows what all its subscriptions watch and wakes those for whom there is something new. It hears the
// bell (LISTEN on one connection) and looks where that says; a bell that is lost only delays, because every 5 s and whenever
// listening begins anew it looks at everything that is watched: one statement, however many subscriptions there are.
import type { Changed } from "../../db/bell.ts";
import { listen } from "../../db/listen.ts";
import type { Pool } from "../../db/pool.ts";
import { type Watched, watchMarks } from "../../db/watch.ts";
import type { Logger } from "../../log.ts";

const LOOK_MS = 5_000;
const MOST_A_LOOK = 1_000;

/** What a subscription watches. `connection` says whose bells it is for: null for those of all connections. */
export type Topic = {
  watched: Watched;
  connection: number | null;
  /** Runs that are known to be live: they may be older than those a look takes in by itself. */
  known?: () => number[];
};

export type Hub = {
  /** From now on call `wake` when there may be something new; what is returned ends it. */
  watch: (topic: Topic, wake: () => void) => () => void;
  close: () => Promise<void>;
};

type Watch = Topic & { mark: string | null | undefined; wakes: Set<() => void> };

/** The hub of this process; it listens from the first watch on. */
export const createHub = ({ url, pool, log }: { url: string; pool: Pool; log: Logger }): Hub => {
  const watches = new Map<string | symbol, Watch>();
  const wanted = new Set<Watch>();
  let looking: Promise<void> | undefined;
  let listening: ReturnType<typeof listen> | undefined;
  let timer: NodeJS.Timeout | undefined;

  const lookAt = async (some: Watch[]): Promise<void> => {
    const asked = some.map(({ watched, known }, n) => ({ n, ...watched, ...(known && { known: known() }) }));
    for (const { n, mark } of await watchMarks(pool, { watches: asked })) {
      const watch = some[n]!;
      if (watch.mark === mark) continue;
      watch.mark = mark;
      for (const wake of watch.wakes) wake();
    }
  };

  const lookAtWanted = async (): Promise<void> => {
    while (wanted.size > 0) {
      const some = [...wanted].slice(0, MOST_A_LOOK);
      for (const watch of some) wanted.delete(watch);
      await lookAt(some.filter(({ wakes }) => wakes.size > 0));
    }
  };

  const look = (isWanted: (watch: Watch) => boolean): void => {
    for (const watch of watches.values()) if (isWanted(watch)) wanted.add(watch);
    looking ??= lookAtWanted()
      .catch((err) => log.debug({ event: "live.not_looked", err }, "looking again in a while"))
      .finally(() => {
        looking = undefined;
      });
  };

  const onNotice = (payload: string): void => {
    if (payload === "") {
      look(() => true); // more changed than a notice can say
      return;
    }
    const rung = JSON.parse(payload) as Record<Changed, number[]>;
    const has = { records: new Set(rung.records), runs: new Set(rung.runs), logs: new Set(rung.logs) };
    look(({ watched: { kind }, connection }) => (connection === null ? has[kind].size > 0 : has[kind].has(connection)));
  };

  const start = (): void => {
    timer ??= setInterval(() => look(() => true), LOOK_MS).unref();
    listening ??= listen({
      url,
      channel: "syncline_changes",
      applicationName: `syncline live ${process.pid}`,
      onNotice,
      onListening: () => look(() => true),
      log,
    });
  };

  return {
    watch: (topic, wake) => {
      start();
      const name = topic.known === undefined ? JSON.stringify([topic.watched, topic.connection]) : Symbol("own");
      const watch = watches.get(name) ?? { ...topic, mark: undefined, wakes: new Set() };
      watches.set(name, watch);
      watch.wakes.add(wake);
      return () => {
        watch.wakes.delete(wake);
        if (watch.wakes.size === 0 && watches.get(name) === watch) watches.delete(name);
      };
    },
    close: async () => {
      clearInterval(timer);
      await listening?.close();
      await looking;
    },
  };
};
