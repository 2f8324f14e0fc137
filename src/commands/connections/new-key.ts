// `syncline connections new-key`: a key pair for moving connections. The private half never leaves where it is made.
import { generateKeyPairSync } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { Command } from "commander";
import { AppError } from "../../errors.ts";

const make = (file: string): void => {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  try {
    // Nobody else may read it, and none that is there is overwritten.
    writeFileSync(file, privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600, flag: "wx" });
    writeFileSync(`${file}.pub`, publicKey.export({ type: "spki", format: "pem" }), { flag: "wx" });
  } catch (cause) {
    throw new AppError("invalid_settings", `The key is not written: ${(cause as Error).message}`, { cause });
  }
  process.stdout.write(`${file} opens what is sealed to ${file}.pub. Keep it here, and delete it afterwards.\n`);
};

export const addNewKeyCommand = (connections: Command): void => {
  connections
    .command("new-key <file>")
    .description("make a key pair for an export: the private key in <file>, the public one in <file>.pub")
    .action(make);
};
