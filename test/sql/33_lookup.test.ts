// sql/33_lookup.sql: which connections a provider's webhook is about.
import assert from "node:assert/strict";
import { type Ids, makeSync, sqlTests, type World } from "../helpers/world.ts";

type Lookup = { by: string; value?: string };

const MANY = 20_000;

const connect = (
  w: World,
  { environment, integration }: Ids,
  name: string,
  o: { metadata?: object; config?: object },
) =>
  w.one(
    `insert into syncline.connections (environment_id, integration_id, connection_id, auth_mode, metadata, connection_config)
     values ($1, $2, $3, 'NONE', $4, $5) returning id`,
    [environment, integration, name, o.metadata ?? {}, o.config ?? {}],
  );

/** The names of the connections that are found. */
const find = async (w: World, { integration }: Ids, lookups: Lookup[]): Promise<string[]> => {
  const rows = await w.q(
    `select (select n.connection_id from syncline.connections n where n.id = f.connection_id) as connection_id
       from syncline.find_lookup_connections($1, $2) f order by 1`,
    [integration, JSON.stringify(lookups)],
  );
  return rows.map((row) => row.connection_id);
};

sqlTests("33_lookup", {
  "a connection is found by its id, by a value or an array in its metadata, by a key or a path of its config": async (
    w,
  ) => {
    const here = await makeSync(w);
    const other = await makeSync(w, { beside: here });
    const elsewhere = await makeSync(w);
    const name = await w.one("select connection_id from syncline.connections where id = $1", [here.connection]);
    await connect(w, here, "text", { metadata: { account: "42", on: true } });
    await connect(w, here, "number", { metadata: { account: 42 } });
    await connect(w, here, "array", { metadata: { account: ["7", 42] } });
    await connect(w, here, "flat", { config: { "team.id": "T1", n: 5 } });
    await connect(w, here, "deep", { config: { team: { id: "T2" } } });
    await connect(w, here, "both", { config: { "team.id": "T2" } });
    await connect(w, here, "gone", { metadata: { account: "42" } });
    await w.q("update syncline.connections set deleted_at = syncline.now() where connection_id = 'gone'");
    await connect(w, elsewhere, "stranger", { metadata: { account: "42" }, config: { "team.id": "T1" } });
    assert.equal(other.integration, here.integration);

    const cases: [Lookup[], string[]][] = [
      [[{ by: "connectionId", value: name }], [name]],
      [[{ by: "metadata.account", value: "42" }], ["array", "number", "text"]],
      [[{ by: "metadata.account", value: "7" }], ["array"]],
      [[{ by: "metadata.account", value: "4" }], []],
      [[{ by: "metadata.on", value: "true" }], ["text"]],
      [[{ by: "config.team.id", value: "T1" }], ["flat"]],
      [[{ by: "config.team.id", value: "T2" }], ["both"]],
      [[{ by: "config.n", value: "5" }], ["flat"]],
      [[{ by: "config.account", value: "42" }], []],
      [[{ by: "metadata.account" }], []],
      [[], []],
      [[{ by: "connectionId", value: "nobody" }, { by: "metadata.account", value: "7" }, { by: "all" }], ["array"]],
    ];
    for (const [lookups, found] of cases)
      assert.deepEqual(await find(w, here, lookups), found, JSON.stringify(lookups));
    await w.q("update syncline.connections set deleted_at = syncline.now() where connection_id = 'both'");
    assert.deepEqual(await find(w, here, [{ by: "config.team.id", value: "T2" }]), ["deep"]);
    assert.equal((await find(w, here, [{ by: "metadata.none", value: "x" }, { by: "all" }])).length, 7);
  },
  [`among ${MANY.toLocaleString("en")} connections of one integration an index is read`]: async (w) => {
    const here = await makeSync(w);
    await w.q(
      `insert into syncline.connections (environment_id, integration_id, connection_id, auth_mode, metadata, connection_config)
       select $1, $2, 'c' || n, 'NONE', jsonb_build_object('account', n, 'plan', 'free'), jsonb_build_object('team.id', 'T' || n)
         from generate_series(1, $3::int) n`,
      [here.environment, here.integration, MANY],
    );
    const lookups = [
      { by: "metadata.account", value: "x" },
      { by: "config.team.id", value: `T${MANY}` },
    ];
    const reads =
      "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables where relid = 'syncline.connections'::regclass";
    // Seven times: from the sixth on a statement may go over to a generic plan.
    for (let round = 1; round <= 7; round++) {
      const before = Number(await w.one(reads));
      assert.deepEqual(await find(w, here, lookups), [`c${MANY}`]);
      const read = Number(await w.one(reads)) - before;
      assert.ok(read < 100, `${read} rows were read in round ${round}`);
    }
  },
});
