// The bell of those who watch: where records or runs changed, told after the commit, coalesced, at most every 100 ms.
// A notify in each saving transaction would cost 85 % of the commits. Rung late or never it only delays: whoever watches also
// looks by itself.
import type { Logger } from "../log.ts";
import { coalesce } from "./coalesce.ts";
import { fn, nothing } from "./fn.ts";
import type { Db } from "./pool.ts";

const MS_BETWEEN_RINGS = 100;

export const ringChanges = fn("ring_changes", { records: "int[]", runs: "int[]", logs: "int[]" }, nothing());

/** What a change can be one of. */
export type Changed = "records" | "runs" | "logs";

/** Say that records or runs of this connection changed. The log rings by itself: it is written in batches anyway. */
export type Bell = (changed: "records" | "runs", connection: number) => void;

/** A bell of this process. */
export const createBell = ({ db, log }: { db: Db; log: Logger }): Bell => {
  const waiting = { records: new Set<number>(), runs: new Set<number>() };

  const take = (changed: keyof typeof waiting): number[] => {
    const ids = [...waiting[changed]];
    waiting[changed].clear();
    return ids;
  };
  const ringSoon = coalesce(MS_BETWEEN_RINGS, () => {
    ringChanges(db, { records: take("records"), runs: take("runs"), logs: [] }).catch((err) =>
      log.debug({ event: "bell.failed", err }, "who watches will look by itself"),
    );
  });
  return (changed, connection) => {
    waiting[changed].add(connection);
    ringSoon()?.unref();
  };
};
