// Where the master keys come from. A setting names one by its 32 bytes in base64, as a file that a passphrase opens, or as a
// key-encryption key that AWS KMS opens; without a setting, in development, it is a file in the data folder, made on first start.
import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Db } from "../db/fn.ts";
import { AppError } from "../errors.ts";
import { type AwsSettings, openAwsKms } from "./aws-kms.ts";
import { readKeyFile } from "./key-file.ts";
import { createKeyring, type Keyring, masterKeyIdOf } from "./keyring.ts";
import { loadKmsKey } from "./kms.ts";

export type MasterKeySettings = {
  current: string | undefined;
  accepted: string[];
  passphrase: string | undefined;
  passphraseFile: string | undefined;
  aws: AwsSettings;
};

/** A master key: its 32 bytes, and where it is from in words that tell nothing of it. */
export type MasterKey = { id: string; secret: Buffer; from: string };

type From = { masterKeys: MasterKeySettings; dataFolder: string };

const BYTES = 32;

const decode = (text: string): Buffer => {
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== BYTES)
    throw new AppError("invalid_settings", "The encryption key is not the base64 text of 32 bytes.");
  return key;
};

/** The file of the data folder that has the master key where no setting gives one. */
const ownKeyFile = (dataFolder: string): string => path.join(dataFolder, "encryption.key");

/** The key of the data folder, read from or made in its file (mode 0600). */
export const loadOwnKey = async (dataFolder: string): Promise<Buffer> => {
  const file = ownKeyFile(dataFolder);
  await mkdir(dataFolder, { recursive: true });
  // link makes one of several starting processes the maker, and never shows a half-written file to the others.
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, `${randomBytes(BYTES).toString("base64")}\n`, { mode: 0o600 });
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await rm(draft);
  return decode(await readFile(file, "utf8"));
};

/** The passphrase of key files; a file's one line where that is set. Throws `invalid_settings` when there is none. */
export const readPassphrase = async ({ passphrase, passphraseFile }: MasterKeySettings): Promise<string> => {
  if (passphraseFile !== undefined) return (await readFile(passphraseFile, "utf8")).replace(/\r?\n$/, "");
  if (passphrase !== undefined) return passphrase;
  const says = "A key file opens with SYNCLINE_ENCRYPTION_PASSPHRASE or SYNCLINE_ENCRYPTION_PASSPHRASE_FILE";
  throw new AppError("invalid_settings", `${says}, and neither is set.`);
};

const loadNamed = async (text: string, settings: MasterKeySettings, db: Db): Promise<Omit<MasterKey, "id">> => {
  if (text.startsWith("file:")) {
    const file = text.slice("file:".length).replace(/^\/\/(?=\/)/, "");
    return { secret: await readKeyFile(file, await readPassphrase(settings)), from: `file ${file}` };
  }
  if (text.startsWith("awskms:"))
    return { secret: await loadKmsKey(db, openAwsKms(text, settings.aws)), from: `AWS KMS ${text}` };
  return { secret: decode(text), from: "settings" };
};

/** The master keys, the current one first. One that KMS opens and that the database does not have yet is made. */
export const loadMasterKeys = async ({ masterKeys: settings, dataFolder }: From, db: Db): Promise<MasterKey[]> => {
  const named: Omit<MasterKey, "id">[] = [];
  if (settings.current === undefined)
    named.push({ secret: await loadOwnKey(dataFolder), from: `file ${ownKeyFile(dataFolder)}` });
  for (const text of [settings.current, ...settings.accepted])
    if (text !== undefined) named.push(await loadNamed(text, settings, db));
  return named.map((key) => ({ id: masterKeyIdOf(key.secret), ...key }));
};

/** The keyring of master keys of which the first is the current one. */
export const keyringOf = ([current, ...accepted]: MasterKey[]): Keyring =>
  createKeyring({ masterKey: current!.secret, accepted: accepted.map(({ secret }) => secret) });

/** The keyring of the settings. */
export const loadKeyring = async (from: From, db: Db): Promise<Keyring> => keyringOf(await loadMasterKeys(from, db));
