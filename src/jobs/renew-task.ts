// The task behind the doorbell "renew": looks at credentials that are due, eight at a time. The job itself ends at once, so that
// a provider that answers slowly holds no place of a job; the tick rings for what is left.
import { claimDueAuth } from "../db/auth.ts";
import type { Db } from "../db/fn.ts";
import type { Logger } from "../log.ts";

const AT_ONCE = 8;

/** `check` is called for each connection that is due, until none is or the process stops. */
export const createRenewTask = (deps: {
  db: Db;
  check: (connection: number) => Promise<void>;
  log: Logger;
  isStopping: () => boolean;
}) => {
  const { db, check, log, isStopping } = deps;
  let working = 0;

  const work = async (connection: number): Promise<void> => {
    await check(connection).catch((err) =>
      log.warn({ event: "renewal.left", connection, err }, "looked at again in a quarter of an hour"),
    );
    working -= 1;
    await takeAll().catch(() => {}); // the tick rings for what is left
  };

  const takeAll = async (): Promise<void> => {
    if (isStopping() || working >= AT_ONCE) return;
    const limit = AT_ONCE - working;
    working += limit;
    const due = await claimDueAuth(db, { limit }).catch((error) => {
      working -= limit;
      throw error;
    });
    working -= limit - due.length;
    for (const { id } of due) void work(id);
  };
  return takeAll;
};
