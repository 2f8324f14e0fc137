// One round of syncs: wait until each has run once more, and say how far they are.
import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../../errors.ts";
import type { Api } from "../api.ts";
import type { Row } from "../log-window.ts";
import { INTEGRATION } from "./set-up.ts";

export type Status = {
  connection_id: string;
  name: string;
  status: string;
  finishedAt?: string;
  latestExecutionStatus?: string;
  recordCount: Record<string, number>;
};

/** When each sync finished last, by connection and name. */
export type Finishes = Map<string, string | undefined>;

const LOOK_EVERY_MS = 100;
const STUCK_AFTER_MS = 60_000;

const keyOf = ({ connection_id, name }: Status): string => `${connection_id}/${name}`;

export const readStatuses = async (api: Api): Promise<Status[]> =>
  (await api.get<{ syncs: Status[] }>("/sync/status", { query: { syncs: "*", provider_config_key: INTEGRATION } }))
    .syncs;

/** To be taken before a round begins. */
export const readFinishes = async (api: Api): Promise<Finishes> =>
  new Map((await readStatuses(api)).map((status) => [keyOf(status), status.finishedAt]));

/** Live records of the sync's model. */
export const countOf = ({ recordCount }: Status): number => Object.values(recordCount).reduce((sum, n) => sum + n, 0);

const failure = async (api: Api, sync: Status): Promise<AppError> => {
  const { logs } = await api.get<{ logs: Row[] }>("/logs", { query: { level: "error", limit: 5 } });
  const reason = logs.findLast((row) => row.connection_id === sync.connection_id && row.function_name === sync.name);
  return new AppError("script_internal_error", `The sync ${keyOf(sync)} failed: ${reason?.message ?? "see the log"}`);
};

/** Resolves when every sync has finished since `before`. `show` gets all of them now and then, and which are done. */
export const waitForRound = async (
  api: Api,
  o: { before: Finishes; show: (statuses: Status[], isDone: (status: Status) => boolean) => void; signal: AbortSignal },
): Promise<Status[]> => {
  const isDone = (status: Status): boolean =>
    status.finishedAt !== undefined &&
    status.finishedAt !== o.before.get(keyOf(status)) &&
    status.latestExecutionStatus !== "RUNNING";
  let last = "";
  let movedAt = performance.now();
  for (;;) {
    const statuses = await readStatuses(api);
    const failed = statuses.find((status) => isDone(status) && status.latestExecutionStatus !== "SUCCESS");
    if (failed) throw await failure(api, failed);
    o.show(statuses, isDone);
    if (statuses.length > 0 && statuses.every(isDone)) return statuses;
    const now = JSON.stringify(statuses);
    if (now !== last) movedAt = performance.now();
    last = now;
    if (performance.now() - movedAt > STUCK_AFTER_MS) {
      throw new AppError("server_error", "Nothing has moved for a minute; the log of the server (above) may say why.");
    }
    await delay(LOOK_EVERY_MS, undefined, { signal: o.signal });
  }
};
