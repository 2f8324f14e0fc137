// Keeps the views of schema records as the deployed functions want them: after a deployment, and again with housekeeping.
import type { Pool } from "../db/pool.ts";
import { makeRecordView, staleRecordViews } from "../db/record-views.ts";
import type { Logger } from "../log.ts";

type Deps = { db: Pool; log: Logger; isStopping: () => boolean };

// What is not done stays for the next round: somebody reads the view, others depend on it, its name is taken, or we may not.
const LEFT = new Set(["busy", "kept", "taken"]);

/** Never rejects: records are synced and served without views. */
export const followModels =
  ({ db, log, isStopping }: Deps) =>
  async (): Promise<void> => {
    try {
      for (const { view_name: view } of await staleRecordViews(db, {})) {
        if (isStopping()) return;
        const outcome = await makeRecordView(db, { view });
        if (LEFT.has(outcome))
          log.info({ event: "record_view.left", view, outcome }, "a view of records is left as it is");
      }
    } catch (err) {
      log.warn({ event: "record_views.failed", err }, "views of records are not as the functions want them");
    }
  };
