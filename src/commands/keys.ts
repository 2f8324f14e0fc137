// `syncline keys`: the master keys: which there are, a new one, and the change from one to another while servers serve.
import { randomBytes } from "node:crypto";
import type { Command } from "commander";
import { type Config, readConfig } from "../config.ts";
import { writeKeyFile } from "../crypto/key-file.ts";
import { masterKeyIdOf } from "../crypto/keyring.ts";
import { keyringOf, loadMasterKeys, type MasterKey, readPassphrase } from "../crypto/master-key.ts";
import { checkDataKeys, type KeyState, type Rotated, rotateKeys } from "../crypto/rotate-keys.ts";
import { createPool, type Pool } from "../db/pool.ts";
import { withDatabase } from "./database.ts";
import { addGroup } from "./group.ts";
import { formatTable } from "./table.ts";
import { counted } from "./words.ts";

type Json = { json?: true };

const EXAMPLES = `
Examples:
  syncline keys                       which master keys there are, and how many data keys each wraps
  syncline keys new                   a new one, and how to bring it in
  syncline keys new --file key.jwe    the same in a file that SYNCLINE_ENCRYPTION_PASSPHRASE opens
  syncline keys rotate                wrap every data key with the current master key; again after whatever stopped it`;

const steps = (key: string): string => `
To bring it in, one process after another, so that none ever meets a key it does not have:
  1. Everywhere: leave SYNCLINE_ENCRYPTION_KEY, set SYNCLINE_ENCRYPTION_KEYS_ACCEPTED=${key}, restart.
     Every process can open now what it will wrap. (One process alone may begin with step 2.)
  2. Everywhere: set SYNCLINE_ENCRYPTION_KEY=${key} and SYNCLINE_ENCRYPTION_KEYS_ACCEPTED=<the old one>, restart.
     It wraps the data keys of new connections.
  3. With the settings of step 2: syncline keys rotate
     It wraps all the others. Servers go on serving; it may be stopped and run again.
  4. Once that says that nothing needs another master key: take SYNCLINE_ENCRYPTION_KEYS_ACCEPTED away, restart.
     Keep the old one as long as you keep backups from before step 3: it opens them, and only it.
`;

const whereTo = ({ isCurrent, isKnown, environments, connections, unreadable }: KeyState): string => {
  if (!isKnown) return "not in the settings: add it to SYNCLINE_ENCRYPTION_KEYS_ACCEPTED and restart";
  if (unreadable! > 0) return `${counted(unreadable!, "data key")} damaged`;
  if (isCurrent) return "current";
  return environments + connections === 0 ? "accepted; nothing needs it" : "accepted; syncline keys rotate";
};

const withKeys = async <T>(config: Config, work: (pool: Pool, keys: MasterKey[]) => Promise<T>): Promise<T> =>
  await withDatabase(config, async (url) => {
    const pool = createPool({ url, max: 2, applicationName: `syncline keys ${process.pid}` });
    try {
      return await work(pool, await loadMasterKeys(config, pool));
    } finally {
      await pool.end();
    }
  });

const list = async ({ json }: Json): Promise<void> => {
  const { keys, states } = await withKeys(readConfig(), async (pool, loaded) => ({
    keys: loaded,
    states: await checkDataKeys(pool, keyringOf(loaded)),
  }));
  const fromOf = new Map(keys.map(({ id, from }) => [id, from]));
  if (json) console.log(JSON.stringify({ keys: states.map((s) => ({ ...s, from: fromOf.get(s.master_key_id) })) }));
  else {
    const rows = states.map((s) => [
      ...[s.master_key_id, s.environments, s.connections, fromOf.get(s.master_key_id) ?? "", whereTo(s)],
    ]);
    console.log(formatTable(["master key", "environments", "connections", "from", "state"], rows));
  }
  if (states.some(({ isKnown, unreadable }) => !isKnown || unreadable! > 0)) process.exitCode = 1;
};

const describe = ({ masterKeyId, rotated, unreadable, left }: Rotated): string => {
  const done = `${counted(rotated, "data key")} wrapped with master key ${masterKeyId}.`;
  if (left.length === 0) return `${done}\nNothing needs another master key.`;
  const names = left.map(({ master_key_id: id, count }) => `  ${id} still wraps ${counted(count, "data key")}`);
  const why =
    unreadable.length === 0
      ? "They are held by somebody else: run this again."
      : `${counted(unreadable.length, "data key")} did not open. See: syncline keys`;
  return `${done}\n${names.join("\n")}\n${why}`;
};

const rotate = async ({ json }: Json): Promise<void> => {
  const startedAt = performance.now();
  const onProgress = (rotated: number): void => void process.stderr.write(`${rotated} wrapped\n`);
  const result = await withKeys(readConfig(), (pool, keys) =>
    rotateKeys({ pool, keyring: keyringOf(keys), onProgress }),
  );
  const { masterKeyId, ...rest } = result;
  const ms = Math.round(performance.now() - startedAt);
  console.log(json ? JSON.stringify({ master_key_id: masterKeyId, ...rest, ms }) : describe(result));
  if (result.left.length > 0) process.exitCode = 1;
};

const make = async ({ file, json }: Json & { file?: string }): Promise<void> => {
  const secret = randomBytes(32);
  const id = masterKeyIdOf(secret);
  if (file !== undefined) await writeKeyFile(file, secret, await readPassphrase(readConfig().masterKeys));
  const key = file === undefined ? secret.toString("base64") : `file:${file}`;
  if (json) return console.log(JSON.stringify({ master_key_id: id, key }));
  process.stderr.write(
    `A new master key, of id ${id}. ${file === undefined ? "It is shown this once:" : "It is in:"}\n`,
  );
  console.log(key);
  process.stderr.write(steps(file === undefined ? "<the new one>" : key));
};

export const addKeysCommand = (program: Command): void => {
  const keys = addGroup(program, {
    name: "keys",
    says: "master keys: which there are, a new one, and the change from one to another",
    examples: EXAMPLES,
    show: list,
  });
  const says = {
    list: "each master key, how many data keys it wraps and whether they open; exit code 1 when one does not",
    new: "print a new master key, and how to bring it in",
    rotate: "wrap every data key with the current master key; exit code 1 while something needs another",
  };
  keys.command("list").description(says.list).option("--json", "print JSON").action(list);
  keys
    .command("new")
    .description(says.new)
    .option("--file <path>", "write it to a new file that SYNCLINE_ENCRYPTION_PASSPHRASE opens")
    .option("--json", "print JSON")
    .action(make);
  keys.command("rotate").description(says.rotate).option("--json", "print JSON").action(rotate);
};
