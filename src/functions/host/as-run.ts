// What a function changes is ascribed to its run in the audit log, whoever made that run.
import { actingFor } from "../../db/actor.ts";
import type { Lease } from "../../db/runs.ts";

/** Does work as this run. */
export const asRun = <T>({ id }: Pick<Lease, "id">, work: () => T): T =>
  actingFor({ kind: "run", id: String(id) }, work);
