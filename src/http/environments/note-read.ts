// In the audit log: that somebody was shown what is secret of an environment.
import { writeAudit } from "../../db/audit.ts";
import type { Db } from "../../db/pool.ts";

type Action = "environment.signing_key_read" | "environment.variables_read";

/** Writes it down for whoever acts. */
export const noteRead = async (db: Db, { id, name }: { id: number; name: string }, action: Action): Promise<void> => {
  const subject = { subjectKind: "environment", subjectId: String(id), subjectName: name };
  await writeAudit(db, { environment: id, action, ...subject });
};
