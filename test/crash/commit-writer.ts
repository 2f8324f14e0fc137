// One of the writers of the Postgres crash, a process of its own: commits batch after batch of records with their checkpoint,
// says what it tries and what was acknowledged, and goes on when the server is back, until its standard input ends.
// Argument: JSON {url, run, token, connection}. Prints {"did": "try" | "ack" | "unknown", "batch": n}.
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

const given = JSON.parse(process.argv[2]!) as { url: string; run: number; token: number; connection: number };
const fence = { run: given.run, token: given.token };
const pool = createPool({ url: given.url, max: 1, applicationName: `syncline writer ${process.pid}` });
const keys = createDataKeys({ db: pool, keyring: createKeyring({ masterKey: Buffer.alloc(32, 7) }) });
const key = await keys.ofConnection(given.connection);

const say = (did: string, batch: number): void => {
  process.stdout.write(`${JSON.stringify({ did, batch })}\n`);
};

let isEnding = false;
process.stdin.on("end", () => {
  isEnding = true;
});
process.stdin.resume();

const lastBatch = async (): Promise<number> => {
  for (;;) {
    try {
      return Number((await getCheckpoint(pool, { run: given.run }))?.batch ?? 0);
    } catch (error) {
      if (!hasCode(error, "database_unavailable") || isEnding) throw error;
      await pause(RECONNECT_MS);
    }
  }
};

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
await pool.end();
