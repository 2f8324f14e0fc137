// getRecordsByIds and listRecords: what the connection has stored under the run's variant, this run's own writes included.
import { type PageRequest, readPage } from "../../db/read-page.ts";
import { AppError } from "../../errors.ts";
import type { RunHost } from "./run-host.ts";

const RECORDS_PER_PAGE = 100;

type Page = { records: unknown[]; next_cursor: string | null };

const read = async (host: RunHost, model: unknown, part: Pick<PageRequest, "cursor" | "ids">): Promise<Page> => {
  if (typeof model !== "string" || model === "") {
    throw new AppError("invalid_sync_record", "the name of the model is missing");
  }
  await host.writes.flush();
  const { connection_id: connection, variant } = host.lease;
  const page = { connection, model, variant, limit: RECORDS_PER_PAGE, ...part };
  const { body } = await readPage({ db: host.pool, keys: host.keys })(page);
  return JSON.parse(body) as Page;
};

/** `getRecordsByIds(ids, model)`: at most 100 ids; deleted records are among the answers. */
export const getRecordsByIds =
  (host: RunHost) =>
  async (ids: string[], model: string): Promise<unknown[]> => {
    if (!Array.isArray(ids) || ids.length > RECORDS_PER_PAGE) {
      throw new AppError("SL004", `a list of at most ${RECORDS_PER_PAGE} ids is read at a time`);
    }
    const records: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await read(host, model, { ids: ids.map(String), cursor }); // one of large records ends early
      for (const record of page.records) records.push(record);
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
    return records;
  };

/** `listRecords(model, cursor)`: the next 100 in the order of their changes. */
export const listRecords =
  (host: RunHost) =>
  async (model: string, cursor: string | null): Promise<Page> =>
    read(host, model, { cursor: typeof cursor === "string" ? cursor : undefined });
