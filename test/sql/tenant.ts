// An environment with an integration and connections, made through the SQL functions alone.
import type { TestContext } from "node:test";
import { testDatabase } from "../helpers/database.ts";

export const KEY = Buffer.alloc(32, 7);
export const START = "2026-03-01T12:00:00Z";

/** A compiled sync as deploy_functions takes it. */
export const sync = (name: string, over: object = {}, hash = "1") => ({
  kind: "sync",
  integration: "crm",
  name,
  bundle: "code",
  hash,
  definition: {
    version: "1",
    frequency: "every hour",
    auto_start: true,
    track_deletes: false,
    models: { Contact: {} },
    ...over,
  },
});

/** A database whose clock stands at START, with the environment "dev" and its integration "crm". */
export const testTenant = async (t: TestContext) => {
  const db = await testDatabase(t);
  await db.clock.set(START);
  const [made] = await db.query("select * from syncline.ensure_environment('dev', $1, 'm')", [KEY]);
  const environment = made?.id as number;
  const integrate = (name: string) =>
    db.query("select syncline.create_integration($1, $2, 'acme', 'Acme', true, null, '{}')", [environment, name]);
  const connect = async (name: string, integration = "crm"): Promise<number> => {
    const text = `select c.id, syncline.welcome_connection(c.id, c.is_new) from syncline.import_connection(
      $1, $2, $3, 'API_KEY', null, null, null, null, null, null, $4, 'm') c`;
    return (await db.query(text, [environment, integration, name, KEY]))[0]?.id;
  };
  const deploy = (functions: object[], mode = "all", source = "repo") =>
    db.query("select name, change from syncline.deploy_functions($1, $2, $3, $4)", [
      environment,
      JSON.stringify(functions),
      mode,
      source,
    ]);
  const claim = async () => (await db.query("select id, token, sync_id from syncline.claim_run('w')"))[0];
  const finishAll = async (): Promise<number> => {
    for (let count = 0; ; count++) {
      const run = await claim();
      if (run === undefined) return count;
      await db.query("select syncline.finish_run($1, $2)", [run.id, run.token]);
    }
  };
  await integrate("crm");
  return { db, query: db.query, clock: db.clock, environment, integrate, connect, deploy, claim, finishAll };
};

export type Tenant = Awaited<ReturnType<typeof testTenant>>;
