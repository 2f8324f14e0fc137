// One connection, opened for requests: read once a minute, and not later than its credentials have to be renewed.
import { isRenewable } from "../providers/credentials.ts";
import type { OpenedConnection } from "./target.ts";

const REMEMBERED_MS = 60_000;
// Credentials that could not be renewed and still hold: who sends many requests does not ask about each.
const AT_LEAST_MS = 1_000;

type Asked = { refresh: boolean; refused?: number | undefined };

const longestOf = ({ connection, credentials }: OpenedConnection): number =>
  connection.renew_in_ms === null || !isRenewable(credentials)
    ? REMEMBERED_MS
    : Math.min(REMEMBERED_MS, Math.max(connection.renew_in_ms, AT_LEAST_MS));

/**
 * `read` gives what `load` gave; with `refresh` anew, unless what is known is newer than the version that was refused. A failure
 * is not remembered. `forget`: the next read loads.
 */
export const rememberOpened = <T extends { opened: OpenedConnection }>(
  load: (how: { refused?: number | undefined }) => Promise<T>,
) => {
  let known: { until: number; loading: Promise<T> } | undefined;

  const loadAnew = (how: { refused?: number | undefined }): Promise<T> => {
    const mine = { until: performance.now() + REMEMBERED_MS, loading: load(how) };
    known = mine;
    mine.loading.then(
      ({ opened }) => {
        mine.until = Math.min(mine.until, performance.now() + longestOf(opened));
      },
      () => {
        if (known === mine) known = undefined;
      },
    );
    return mine.loading;
  };

  const read = async ({ refresh, refused }: Asked): Promise<T> => {
    if (known === undefined || performance.now() > known.until) return await loadAnew({ refused });
    const current = await known.loading;
    if (!refresh) return current;
    const { auth_version: version } = current.opened.connection;
    return refused !== undefined && version > refused ? current : await loadAnew({ refused: refused ?? version });
  };

  const forget = (): void => {
    known = undefined;
  };
  return { read, forget };
};
