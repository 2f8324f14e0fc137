// Walking the members of the `nango` object: each in a deployed sync of its own, for a connection of its own, its effect
// looked at from outside.
import assert from "node:assert/strict";
import type { Engine } from "../../helpers/engine.ts";
import { until } from "../../helpers/until.ts";

type Row = Record<string, unknown>;

/** What one walk left behind. */
export type Seen = {
  engine: Engine;
  /** Its connection: number and name. */
  connection: number;
  name: string;
  run: { id: number; state: string; error: { type: string; message: string; payload?: unknown } | null };
  /** What the body reported, as the app reads it. */
  reported: unknown;
  /** The records of the walk's model by id, without metadata; deleted ones under their id with `deleted: true`. */
  records: () => Promise<Record<string, Row>>;
  query: Engine["db"]["query"];
  /** The lines of the run's log with this text, once one is there. */
  logged: (text: string) => Promise<Row[]>;
  /** Run the sync once more; what it reported then. */
  again: (o?: { reset?: boolean; emptyCache?: boolean }) => Promise<Seen>;
};

/**
 * `members` are what is walked. `body` is that of the sync's exec: `$M` is its model, `report(value)` hands something out.
 * `ends` is how the run must end, "succeeded" unless said otherwise.
 */
export type Walk = {
  members: string[];
  body: string;
  options?: string;
  ends?: "succeeded" | "failed";
  before?: (engine: Engine, name: string) => Promise<void>;
  check: (seen: Seen) => Promise<void> | void;
};

/** The names of the n-th walk's sync, model and connection. */
export const namesOf = (at: number) => ({ sync: `walk-${at}`, model: `Walk${at}`, connection: `customer ${at}` });

/** The file of a walk's sync. */
export const fileOf = ({ body, options = "" }: Walk, at: number): string => {
  const { model } = namesOf(at);
  return `import { createSync } from "nango";
import * as z from "zod";
const reporter = (nango) => (value) => nango.batchSave([{ id: "report", value }], "${model}");
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export default createSync({
  description: "d", frequency: "every day", models: { ${model}: z.looseObject({ id: z.string() }) }, ${options}
  exec: async (nango) => {
    const report = reporter(nango);
    ${body.replaceAll("$M", model)}
  },
});
`;
};

const lastRun = async (engine: Engine, connection: number, sync: string): Promise<Seen["run"]> => {
  const [run] = await engine.db.query(
    `select r.id, r.state, r.error from syncline.runs r join syncline.syncs s on s.id = r.sync_id
      where s.connection_id = $1 and s.name = $2 and r.state not in ('ready', 'running') order by r.id desc limit 1`,
    [connection, sync],
  );
  return (run ?? assert.fail(`${sync} has not run`)) as Seen["run"];
};

/** What the walk's last run left. */
export const seenOf = async (
  engine: Engine,
  at: number,
  connection: number,
  trigger: (o: { reset?: boolean; emptyCache?: boolean }) => Promise<void>,
): Promise<Seen> => {
  const { sync, model, connection: name } = namesOf(at);
  const run = await lastRun(engine, connection, sync);
  const records = async (): Promise<Record<string, Row>> =>
    Object.fromEntries(
      (await engine.records(connection, model)).map(({ _nango_metadata: { last_action }, ...row }) => [
        row.id,
        { ...row, ...(last_action === "DELETED" ? { deleted: true } : {}) },
      ]),
    );
  return {
    engine,
    connection,
    name,
    run,
    records,
    reported: (await records()).report?.value,
    query: engine.db.query,
    logged: (text) =>
      until(`a line of the log with "${text}"`, async () => {
        const lines = await engine.db.query(
          "select level, message, detail from syncline.logs where run_id = $1 and message like '%' || $2 || '%' order by id",
          [run.id, text],
        );
        return lines.length > 0 && lines;
      }),
    again: async (o = {}) => {
      await trigger(o);
      await engine.quiet();
      return seenOf(engine, at, connection, trigger);
    },
  };
};
