// Writes down, in the test's database, who writes records and checkpoints of which run, and who owns that run at that moment.
import assert from "node:assert/strict";
import type { TestDatabase } from "../helpers/database.ts";

const TRIGGERS = `
create table public.written (
  id bigint generated always as identity,
  run_id bigint,
  what text,
  value jsonb,
  writer text default current_setting('application_name'),
  owner text
);
create function public.note_writes() returns trigger language plpgsql as $$
begin
  insert into public.written (run_id, what, value, owner)
  select n.run_id, tg_table_name || ' ' || lower(tg_op), n.value, r.worker
    from (select distinct run_id, to_jsonb(x) -> 'value' as value from rows x) n
    left join syncline.runs r on r.id = n.run_id;
  return null;
end $$;
`;

const trigger = (table: string, event: string, kept: "new" | "old"): string =>
  `create trigger note_${event} after ${event} on syncline.${table}
     referencing ${kept} table as rows for each statement execute function public.note_writes();`;

const ALL = [
  TRIGGERS,
  ...["records", "checkpoints"].flatMap((table) => [
    trigger(table, "insert", "new"),
    trigger(table, "update", "new"),
    trigger(table, "delete", "old"),
  ]),
].join("\n");

export type Written = { id: number; run_id: number; what: string; value: Record<string, unknown> | null };

/** From now on `written` gives every statement that wrote records or checkpoints, in the order of writing. */
export const audit = async (db: TestDatabase) => {
  await db.query(ALL);
  return {
    written: async (run: number): Promise<Written[]> =>
      (await db.query("select id, run_id, what, value from public.written where run_id = $1 order by id", [
        run,
      ])) as Written[],
    /** Fails when a process wrote for a run that another one, or nobody, owned at that moment. */
    checkOwners: async (): Promise<void> => {
      const strangers = await db.query(
        `select * from public.written
          where writer like 'syncline worker %'
            and split_part(writer, ' ', 3) is distinct from split_part(owner, ':', 2)`,
      );
      assert.deepEqual(strangers, []);
    },
  };
};
