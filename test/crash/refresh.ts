// The sync that is crashed: a full refresh in pages, each of which commits with its checkpoint.
import type { TestDatabase } from "../helpers/database.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";

export const ROWS_A_PAGE = 30;

/** Requests say whose they are and which page they want, so that the provider's statistics can be compared with checkpoints. */
export const REFRESH = `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "All contacts, page by page",
  version: "1.0.0", frequency: "every day", autoStart: false, trackDeletes: true,
  checkpoint: z.object({ cursor: z.string(), page: z.number() }),
  models: { Contact: z.object({ id: z.string() }) },
  exec: async (nango) => {
    let at = (await nango.getCheckpoint()) ?? { cursor: "", page: 0 };
    for (;;) {
      const params = { limit: ${ROWS_A_PAGE}, who: nango.connectionId, page: at.page, ...(at.cursor ? { cursor: at.cursor } : {}) };
      const { data } = await nango.get({ endpoint: "/v1/contacts", params });
      await nango.batchSave(data.data, "Contact");
      if (!data.next_cursor) break;
      at = { cursor: data.next_cursor, page: at.page + 1 };
      await nango.saveCheckpoint(at);
    }
    await nango.clearCheckpoint();
  },
});
`;

/** The environment of a real worker process on the database of a test engine. */
export const workerEnv = (url: string): Record<string, string> => ({
  DATABASE_URL: url,
  SYNCLINE_ROLE: "worker",
  SYNCLINE_CONCURRENCY: "4",
  SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
  SYNCLINE_DEV_API_KEY: TEST_API_KEY,
  SYNCLINE_ALLOW_PRIVATE_HOSTS: "127.0.0.0/8",
});

/** The lease of tests that end those of the dead with `endLeasesOf`: on a busy machine the living are silent for seconds. */
export const LONG_LEASE = "1 min";

/** What a process held when it died comes due, as when its leases have ended. */
export const endLeasesOf = (db: TestDatabase, pid: number): Promise<unknown> =>
  db.query(
    "update syncline.runs set lease_ends_at = syncline.now() where state = 'running' and split_part(worker, ':', 2) = $1",
    [String(pid)],
  );
