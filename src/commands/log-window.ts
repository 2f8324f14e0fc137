// Which log rows are new? Ids are handed out before rows are committed, and several processes write in batches: a row may
// appear below one that is shown already. So each question starts from where we were a little while ago, and what was
// shown since then is left out.

export type Row = {
  id: number;
  at: string;
  kind: string;
  level: string;
  message: string;
  detail: unknown;
  run_id: number | null;
  function_name: string | null;
  connection_id: string | null;
  provider_config_key: string | null;
};

/** Begins after id `start`. Rows that become visible within `keepMs` after one with a higher id are not missed, and none is shown twice. */
export const createWindow = ({ start, keepMs, now }: { start: number; keepMs: number; now: () => number }) => {
  const tops: { at: number; id: number }[] = [{ at: Number.NEGATIVE_INFINITY, id: start }];
  const shown = new Set<number>();

  const forget = (): void => {
    while (tops.length > 1 && tops[1]!.at <= now() - keepMs) tops.shift();
    for (const id of shown) if (id <= tops[0]!.id) shown.delete(id);
  };

  return {
    /** The id to ask after. */
    from: (): number => {
      forget();
      return tops[0]!.id;
    },
    /** The rows of an answer that are new. */
    take: (rows: Row[]): Row[] => {
      const fresh = rows.filter(({ id }) => !shown.has(id));
      for (const { id } of fresh) shown.add(id);
      const top = Math.max(tops.at(-1)!.id, ...rows.slice(-1).map(({ id }) => id));
      tops.push({ at: now(), id: top });
      return fresh;
    },
  };
};
