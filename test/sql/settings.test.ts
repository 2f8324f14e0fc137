// syncline.settings, as an operator changes it: bad values of every column are refused by a constraint that says the range.
import assert from "node:assert/strict";
import { sqlTests, type World } from "../helpers/world.ts";

// Just outside the range, and just inside.
const DURATIONS: Record<string, { bad: string[]; good: string[] }> = {
  lease: { bad: ["999 ms", "10 min 1 s", "-1 s"], good: ["1 s", "10 min"] },
  time_slice: { bad: ["0", "1 day 1 s"], good: ["1 us", "1 day"] },
  payload_prune_after: { bad: ["0", "-1 day", "11 years"], good: ["1 min", "10 years"] },
  records_expire_after: { bad: ["0", "-1 day", "11 years"], good: ["1 min", "10 years"] },
  run_retention: { bad: ["0", "59 s", "11 years"], good: ["1 min", "10 years"] },
  log_retention: { bad: ["0", "23 h", "11 years"], good: ["1 day", "10 years"] },
  webhook_first_retry: { bad: ["0", "-1 s", "25 h"], good: ["1 ms", "1 h"] },
  webhook_last_retry: { bad: ["9 s", "31 days"], good: ["10 s", "30 days"] },
  sync_timeout: { bad: ["0", "999 ms", "21 days"], good: ["1 s", "20 days"] },
  action_timeout: { bad: ["0", "999 ms", "21 days"], good: ["1 s", "20 days"] },
  event_timeout: { bad: ["0", "999 ms", "21 days"], good: ["1 s", "20 days"] },
  action_result_retention: { bad: ["0", "59 s", "11 years"], good: ["1 min", "10 years"] },
  async_action_start_within: { bad: ["0", "999 ms", "31 days"], good: ["1 s", "30 days"] },
  delivery_lock_timeout: { bad: ["0", "9 ms", "51 s"], good: ["10 ms", "50 s"] },
  history_retention: { bad: ["0", "59 s", "11 years"], good: ["1 min", "10 years"] },
  max_run_attempts: { bad: ["0", "-1", "101"], good: ["1", "100"] },
  max_idle_interrupts: { bad: ["0", "-1", "101"], good: ["1", "100"] },
  webhook_max_attempts: { bad: ["0", "-1", "101"], good: ["1", "100"] },
  webhook_endpoint_concurrency: { bad: ["0", "-1", "1001"], good: ["1", "1000"] },
  webhook_circuit_failures: { bad: ["0", "-1", "1001"], good: ["1", "1000"] },
  webhook_first_probe: { bad: ["0", "999 ms", "25 h"], good: ["1 s", "15 min"] },
  webhook_last_probe: { bad: ["59 s", "25 h"], good: ["1 min", "1 day"] },
  inbox_retention: { bad: ["0", "59 s", "11 years"], good: ["1 min", "10 years"] },
  inbox_dedupe_window: { bad: ["0", "999 ms", "8 days"], good: ["1 s", "7 days"] },
  webhook_call_timeout: { bad: ["0", "999 ms", "21 days"], good: ["1 s", "20 days"] },
  audit_retention: { bad: ["0", "29 days", "11 years"], good: ["30 days", "10 years"] },
  webhook_call_attempts: { bad: ["0", "-1", "101"], good: ["1", "100"] },
};
const MAY_BE_NULL = ["payload_prune_after", "records_expire_after", "history_retention"];

const set = (w: World, column: string, value: string) => w.q(`update syncline.settings set ${column} = ${value}`);

sqlTests("settings", {
  "every column is here": async (w) => {
    const columns = await w.q(
      "select attname from pg_attribute where attrelid = 'syncline.settings'::regclass and attnum > 0 and not attisdropped",
    );
    assert.deepEqual(columns.map(({ attname }) => attname).sort(), [...Object.keys(DURATIONS), "only_row"].sort());
  },
  "bad values are refused by a constraint that names the column and its range, the ends of the range are taken": async (
    w,
  ) => {
    for (const [column, { bad, good }] of Object.entries(DURATIONS)) {
      const name = new RegExp(`constraint "settings_${column}_is_\\w*\\d\\w*"$`);
      for (const value of bad) await w.refuses("23514", name, () => set(w, column, `'${value}'`));
      for (const value of good) {
        await w.q("savepoint good");
        await set(w, column, `'${value}'`);
        await w.q("rollback to savepoint good");
      }
      if (MAY_BE_NULL.includes(column)) await set(w, column, "null");
      else await w.refuses("23502", new RegExp(`null value in column "${column}"`), () => set(w, column, "null"));
    }
  },
  "there is one row, and every column says what it is": async (w) => {
    await w.refuses("23505", /settings_pkey/, () => w.q("insert into syncline.settings default values"));
    await w.refuses("23514", /"settings_has_one_row"$/, () =>
      w.q("insert into syncline.settings (only_row) values (false)"),
    );
    const silent = await w.q(`
      select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
       where c.relnamespace = 'syncline'::regnamespace and (c.relkind = 'v' or c.relname = 'settings')
         and col_description(c.oid, a.attnum) is null`);
    assert.deepEqual(silent, []);
  },
});
