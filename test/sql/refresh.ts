// Refreshes in the SQL tests: a run that saved rows, the runs after it, and ending a refresh as a run does.
import * as records from "../../src/db/records.ts";
import * as runs from "../../src/db/runs.ts";
import { claim, type Fence, type Ids, makeRun, saveAll, startRun, type World } from "../helpers/world.ts";

export type At = Fence & { stream: number };

export const live = async (w: World, stream: number) =>
  (
    await w.q("select external_id as id from syncline.records where stream_id = $1 and last_action <> 'D' order by 1", [
      stream,
    ])
  ).map(({ id }) => id);

export const refreshes = (w: World) => w.q("select state, missing, live, deleted from syncline.refreshes order by id");

/** Finish a refresh as a run does: the deleted ids, or what the brake said. */
export const endAll = async (w: World, at: At) => {
  const end = await records.endRefresh(w.db, at);
  const deleted: string[] = [];
  while (end.verdict === "deleting") {
    const chunk = await records.deleteMissing(w.db, { run: at.run, token: at.token, refresh: end.refresh_id });
    if (chunk === null) break;
    deleted.push(...chunk);
  }
  return { ...end, deleted: deleted.sort() };
};

/** A sync whose first run saved these rows and finished; its second run is claimed. */
export const afterFirstRun = async (w: World, rows: Record<string, string>) => {
  const { ids, fence, stream } = await makeRun(w);
  await saveAll(w.db, { ...fence, stream }, rows);
  await runs.finishRun(w.db, fence);
  return { ids, at: { ...(await startRun(w.db, ids)), stream } };
};

export const nextRun = async (w: World, ids: Ids, at: At): Promise<At> => ({
  ...(await startRun(w.db, ids)),
  stream: at.stream,
});

export const takeOver = async (w: World, at: At): Promise<At> => {
  await runs.requeueExpired(w.db, { nobodyLives: true });
  return { ...(await claim(w.db, "w2")), stream: at.stream };
};

export const ROWS = { a: "1", b: "1", c: "1", d: "1" };
