// A claimed run of the items sync, and its host: the path of a record from batchSave to the table, without the isolate.
import { claimRun, createRun, finishRun } from "../../src/db/runs.ts";
import { createHost } from "../../src/functions/host/host.ts";
import { sendRequest } from "../../src/outbound/send.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import type { Bench } from "./setup.ts";

/** A live run of `connection`, on a server without workers. `end` finishes it. */
export const holdRun = async (bench: Bench, connection: number) => {
  const { rows } = await bench.pool.query("select id from syncline.syncs where connection_id = $1 and name = 'items'", [
    connection,
  ]);
  await bench.pool.query("update syncline.settings set lease = '10 min'");
  await createRun(bench.pool, { sync: rows[0].id, origin: "trigger", emptyCache: false });
  const lease = await claimRun(bench.pool, { worker: "bench" });
  if (lease === undefined) throw new Error("no run to claim");
  const host = createHost({
    pool: bench.pool,
    keys: bench.keys,
    catalogue: loadCatalogue({ files: [] }),
    send: sendRequest({ allowPrivateHosts: ["127.0.0.0/8"] }),
    lease,
    say: () => {},
    signal: new AbortController().signal,
  });
  return {
    lease,
    call: host.call,
    /** What comes before the function: here it saves nothing. */
    start: () => host.start(""),
    end: async () => {
      await host.end();
      await finishRun(bench.pool, { run: lease.id, token: lease.token });
    },
  };
};
