// `syncline keys` and what `doctor` says of master keys: the whole change from one to another, at the command line.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { createEnvironment, ensureEnvironments } from "../../src/db/ensure-environments.ts";
import { testDatabase } from "../helpers/database.ts";
import { startProcess } from "../helpers/processes.ts";
import { runSyncline } from "./server.ts";

const [A, B] = [1, 2].map((n) => Buffer.alloc(32, n)) as [Buffer, Buffer];
const idOf = (key: Buffer): string => createKeyring({ masterKey: key }).masterKeyId;
const text = (key: Buffer): string => key.toString("base64");

test("a new master key is brought in step by step, and each step says what is next", async (t) => {
  const db = await testDatabase(t, { poolSize: 2 });
  const folder = mkdtempSync(path.join(os.tmpdir(), "syncline-keys-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const keyring = createKeyring({ masterKey: A });
  await ensureEnvironments({ db: db.pool, keyring })({ dev: undefined, prod: undefined });
  const base = { DATABASE_URL: db.url, SYNCLINE_DATA: folder };
  const outputs: string[] = [];
  const run = async (env: Record<string, string>, ...args: string[]) => {
    const ran = await runSyncline(t, args, { ...base, ...env });
    outputs.push(ran.out);
    return ran;
  };
  const PASS = { SYNCLINE_ENCRYPTION_PASSPHRASE: "correct horse battery" };

  const made = await run({}, "keys", "new");
  assert.match(made.out, /^[\w+/]{43}=$/m);
  assert.match(made.out, /SYNCLINE_ENCRYPTION_KEYS_ACCEPTED=[\s\S]+syncline keys rotate/);
  const file = path.join(folder, "c.jwe");
  const { key, master_key_id: fileId } = JSON.parse((await run(PASS, "keys", "new", "--file", file, "--json")).out);
  assert.equal(key, `file:${file}`);

  const first = { SYNCLINE_ENCRYPTION_KEY: text(A) };
  assert.match((await run(first, "keys")).out, new RegExp(`${idOf(A)} +2 +0 +settings +current`));
  const second = { SYNCLINE_ENCRYPTION_KEY: text(B), SYNCLINE_ENCRYPTION_KEYS_ACCEPTED: text(A) };
  const listed = await run(second, "keys", "list");
  assert.deepEqual([listed.code, /accepted; syncline keys rotate/.test(listed.out)], [0, true]);
  const early = await run({ SYNCLINE_ENCRYPTION_KEY: text(B) }, "keys", "rotate");
  assert.deepEqual([early.code, /still wraps 2 data keys\n2 data keys did not open/.test(early.out)], [1, true]);
  assert.match(
    (await run(second, "doctor")).out,
    new RegExp(`warn +master key ${idOf(A)} +accepted, opens 2 .+rotate`),
  );

  const rotated = await run(second, "keys", "rotate");
  assert.deepEqual([rotated.code, /Nothing needs another master key/.test(rotated.out)], [0, true]);
  const again = JSON.parse((await run(second, "keys", "rotate", "--json")).out);
  assert.deepEqual([again.rotated, again.left, again.master_key_id], [0, [], idOf(B)]);
  assert.match(
    (await run(second, "doctor")).out,
    /ok +master key \w+ +accepted, opens 0 .+take it out of the settings/,
  );

  // On to a key in a file; the one before it serves meanwhile.
  await createEnvironment({ db: db.pool, keyring: createKeyring({ masterKey: B }) }, "staging");
  const third = { SYNCLINE_ENCRYPTION_KEY: key, SYNCLINE_ENCRYPTION_KEYS_ACCEPTED: text(B), ...PASS };
  assert.equal((await run(third, "keys", "rotate")).code, 0);
  const last = { SYNCLINE_ENCRYPTION_KEY: key, ...PASS };
  const [state] = JSON.parse((await run(last, "keys", "--json")).out).keys;
  assert.deepEqual([state.master_key_id, state.environments, state.unreadable], [fileId, 3, 0]);

  const lacking = await run(first, "doctor");
  assert.match(lacking.out, new RegExp(`FAIL +master key ${fileId} +not in the settings, wraps 3 data keys`));
  const start = startProcess(t, { args: ["src/cli.ts", "start"], env: { ...base, ...first, PORT: "0" } });
  assert.equal(await start.exited, 1);
  assert.match(start.output(), new RegExp(`wrapped by master key ${fileId}, which this process does not have`));
  outputs.push(start.output());
  for (const secret of [A, B])
    for (const out of outputs) assert.ok(!out.includes(text(secret)) && !out.includes(secret.toString("hex")));
});

test("a wrong key setting is refused by name, without its value", async (t) => {
  const env = { SYNCLINE_ENCRYPTION_KEY: text(A), SYNCLINE_ENCRYPTION_KEYS_ACCEPTED: `${text(B)},c2VjcmV0` };
  const { out, code } = await runSyncline(t, ["keys", "rotate"], env);
  assert.equal(code, 1);
  assert.match(out, /SYNCLINE_ENCRYPTION_KEYS_ACCEPTED each must be the base64 text of 32 bytes/);
  assert.ok(!out.includes("c2VjcmV0"));
  assert.match((await runSyncline(t, ["keys", "shred"], {})).out, /There is no "keys shred"/);
});
