// A whole database as whoever steals it reads it: every row of every table of every schema, searched for what must not be there.
import { connect } from "../../src/db/pool.ts";

const ROWS_AT_ONCE = 2_000;

/** The ways in which a text could lie there: as it is, in hex (as bytea shows), in base64 wherever it begins, and that in hex. */
export const formsOf = (text: string): string[] => {
  const base64 = [0, 1, 2].map((at) => {
    const all = Buffer.from("\0".repeat(at) + text).toString("base64");
    const whole = Math.floor(((at + Buffer.byteLength(text)) * 8) / 6); // later digits depend on what follows
    return all.slice(Math.ceil((at * 8) / 6), whole);
  });
  const plain = [
    text,
    encodeURIComponent(text),
    ...base64,
    ...base64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_")),
  ];
  return [...new Set([...plain, ...plain.map((form) => Buffer.from(form).toString("hex"))])];
};

/** Which of these texts a text has, in any form. */
export const findIn = (wanted: string[], text: string): string[] =>
  wanted.filter((one) => formsOf(one).some((form) => text.includes(form)));

/** What of these texts the database has, with the table and the row; and how much was read. */
export const searchDump = async (
  url: string,
  wanted: string[],
): Promise<{ found: string[]; tables: number; rows: number }> => {
  const db = await connect({ url, applicationName: "syncline test dump" });
  const forms = wanted.flatMap(formsOf);
  const result = { found: [] as string[], tables: 0, rows: 0 };
  try {
    const { rows: tables } = await db.query(
      `select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'`,
    );
    for (const { name } of tables) {
      result.tables += 1;
      await db.query("begin");
      await db.query(`declare dump cursor for select t::text as text from ${name} t`);
      for (;;) {
        const { rows } = await db.query(`fetch ${ROWS_AT_ONCE} from dump`);
        if (rows.length === 0) break;
        result.rows += rows.length;
        for (const { text } of rows)
          if (forms.some((form) => text.includes(form))) result.found.push(`${name}: ${text.slice(0, 500)}`);
      }
      await db.query("commit");
    }
    return result;
  } finally {
    await db.end();
  }
};
