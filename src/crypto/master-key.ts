// Where the master key comes from: the setting, or in development a file in the data folder made on first start.
import { randomBytes } from "node:crypto";
import { link, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { AppError } from "../errors.ts";

const decode = (text: string): Buffer => {
  const key = Buffer.from(text.trim(), "base64");
  if (key.length !== 32)
    throw new AppError("invalid_settings", "The encryption key is not the base64 text of 32 bytes.");
  return key;
};

/** The master key, 32 bytes. Without a setting it is read from, or made in, `<dataFolder>/encryption.key` (mode 0600). */
export const loadMasterKey = async (from: {
  encryptionKey: string | undefined;
  dataFolder: string;
}): Promise<Buffer> => {
  if (from.encryptionKey !== undefined) return decode(from.encryptionKey);
  const file = path.join(from.dataFolder, "encryption.key");
  await mkdir(from.dataFolder, { recursive: true });
  // link makes one of several starting processes the maker, and never shows a half-written file to the others.
  const draft = `${file}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, `${randomBytes(32).toString("base64")}\n`, { mode: 0o600 });
  await link(draft, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  await rm(draft);
  return decode(await readFile(file, "utf8"));
};
