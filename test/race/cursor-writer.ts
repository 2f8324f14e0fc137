// One of the writers of the cursor race, a process of its own: saves and removes records of one stream in transactions that
// dawdle before they commit, and takes back every tenth, until it is killed or its standard input ends. It rings the bell.
// Argument: JSON {url, run, token, connection, seed}. Prints {"did": "commit" | "rollback"} for each.
import { createRandom } from "../../src/bundled-provider/random.ts";
import { createDataKeys } from "../../src/crypto/data-keys.ts";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { contentHash, sealAll } from "../../src/crypto/seal.ts";
import { createBell } from "../../src/db/bell.ts";
import type { Db } from "../../src/db/fn.ts";
import { createPool } from "../../src/db/pool.ts";
import { diffRecords, openStream, removeRecords, saveRecords } from "../../src/db/records.ts";
import { sealPlace } from "../../src/db/seal-place.ts";
import { inTransaction } from "../../src/db/tx.ts";
import { createLogger } from "../../src/log.ts";

const IDS = 1_500;
const MOST_ROWS = 40;
const LONGEST_PAUSE_MS = 40;
const TAKEN_BACK = "taken back on purpose";

const given = JSON.parse(process.argv[2]!) as {
  url: string;
  run: number;
  token: number;
  connection: number;
  seed: number;
};
const random = createRandom(given.seed);
const fence = { run: given.run, token: given.token };
// Two: the key is read anew after a minute, in the middle of a transaction.
const pool = createPool({ url: given.url, max: 2, applicationName: `syncline writer ${process.pid}` });
const keys = createDataKeys({ db: pool, keyring: createKeyring({ masterKey: Buffer.alloc(32, 7) }) });

const bell = createBell({ db: pool, log: createLogger("silent") });

const drawIds = (): string[] => {
  const ids = new Set<string>();
  for (let left = 1 + random.below(MOST_ROWS); left > 0; left -= 1) ids.add(`r${random.below(IDS)}`);
  return [...ids];
};

const save = async (db: Db, stream: number, ids: string[]): Promise<void> => {
  const key = await keys.ofConnection(given.connection);
  const texts = ids.map(() => JSON.stringify({ value: random.below(50) }));
  const hashes = texts.map((text) => contentHash(key, text));
  const letters = await diffRecords(db, { ...fence, stream, ids, hashes });
  const wanted = ids.flatMap((_, at) => (letters[at] === "." ? [] : [at]));
  const payloads = sealAll(
    key,
    wanted.map((at) => texts[at]!),
    (index) => sealPlace(stream, ids[wanted[index]!]!),
  );
  await saveRecords(db, {
    ...fence,
    stream,
    ids: wanted.map((at) => ids[at]!),
    hashes: wanted.map((at) => hashes[at]!),
    payloads,
    checkpoint: null,
  });
};

const write = async (db: Db): Promise<void> => {
  const stream = await openStream(db, { ...fence, model: "Contact" });
  const ids = drawIds();
  if (random.chance(0.85)) await save(db, stream, ids);
  else await removeRecords(db, { ...fence, stream, ids, deletedAt: ids.map(() => null) });
  if (random.chance(0.5)) await db.query("select pg_sleep($1)", [random.below(LONGEST_PAUSE_MS) / 1000]);
  if (random.chance(0.1)) throw new Error(TAKEN_BACK);
};

const say = (did: string): void => {
  process.stdout.write(`${JSON.stringify({ did })}\n`);
};

let isEnding = false;
process.stdin.on("end", () => {
  isEnding = true;
});
process.stdin.resume();
await keys.ofConnection(given.connection);
say("start");
while (!isEnding) {
  try {
    await inTransaction(pool, write);
    say("commit");
    bell("records", given.connection);
  } catch (error) {
    if ((error as Error).message !== TAKEN_BACK) throw error;
    say("rollback");
  }
}
await pool.end();
