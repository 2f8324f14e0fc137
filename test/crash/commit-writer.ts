// The writers of the Postgres crash, a process of its own. Each, on a connection of its own, commits batch after batch of
// records with their checkpoint, says what it tries and what was acknowledged, and goes on when the server is back, until
// standard input ends. They share a process, as half a second of a core goes before the first batch of one.
// Argument: JSON {url, writers: [{run, token, connection}]}. Prints {"did": "try" | "ack" | "unknown", "connection", "batch": n}.
import { setTimeout as pause } from "node:timers/promises";
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { contentHash, sealAll } from "../../src/crypto/seal.ts";
import { getCheckpoint } from "../../src/db/checkpoints.ts";
import { createPool } from "../../src/db/pool.ts";
import { openStream, saveRecords } from "../../src/db/records.ts";
import { sealPlace } from "../../src/db/seal-place.ts";
import { hasCode } from "../../src/errors.ts";

const ROWS = 20;
const RECONNECT_MS = 20;
const PAUSE_MS = 5; // eight at full speed would be a test of two cores

type Writer = { run: number; token: number; connection: number };

const given = JSON.parse(process.argv[2]!) as { url: string; writers: Writer[] };
const pool = createPool({
  url: given.url,
  max: given.writers.length,
  applicationName: `syncline writer ${process.pid}`,
});
const keys = createDataKeys({ db: pool, keyring: createKeyring({ masterKey: Buffer.alloc(32, 7) }) });

let isEnding = false;
process.stdin.on("end", () => {
  isEnding = true;
});
process.stdin.resume();

const write = async ({ connection, ...fence }: Writer): Promise<void> => {
  const say = (did: string, batch: number): void => {
    process.stdout.write(`${JSON.stringify({ did, connection, batch })}\n`);
  };
  const lastBatch = async (): Promise<number> => {
    for (;;) {
      try {
        return Number((await getCheckpoint(pool, { run: fence.run }))?.batch ?? 0);
      } catch (error) {
        if (!hasCode(error, "database_unavailable") || isEnding) throw error;
        await pause(RECONNECT_MS);
      }
    }
  };
  const key = await keys.ofConnection(connection);
  const stream = await openStream(pool, { ...fence, model: "Contact" });
  say("start", 0);
  for (let batch = (await lastBatch()) + 1; !isEnding; batch += 1) {
    // Nineteen new records, and one that each batch changes.
    const ids = ["shared", ...Array.from({ length: ROWS - 1 }, (_, n) => `${batch}-${n}`)];
    const texts = ids.map(() => JSON.stringify({ batch }));
    const payloads = sealAll(key, texts, (at) => sealPlace(stream, ids[at]!));
    const hashes = texts.map((text) => contentHash(key, text));
    say("try", batch);
    try {
      await saveRecords(pool, { ...fence, stream, ids, hashes, payloads, checkpoint: { batch } });
      say("ack", batch);
    } catch (error) {
      if (!hasCode(error, "database_unavailable")) throw error;
      say("unknown", batch);
      batch = await lastBatch();
    }
    await pause(PAUSE_MS);
  }
};

await Promise.all(given.writers.map(write));
await pool.end();
