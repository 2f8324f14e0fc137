// `syncline connections export`: connections with their credentials in a file that one key opens. Never in clear, and never
// more than a page of them in memory.
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { Command } from "commander";
import { AppError } from "../../errors.ts";
import { serverApi } from "../server-api.ts";
import { counted } from "../words.ts";
import { FORMAT, type Header, type Page } from "./format.ts";
import { readPublicKey, sealFor } from "./sealing.ts";

type Options = { sealedTo?: string; integration?: string; connection?: string; output?: string };

const PAGE = 100;

const write = async (to: Writable, line: object): Promise<void> => {
  if (to.write(`${JSON.stringify(line)}\n`)) return;
  await new Promise<void>((resolve, reject) => {
    to.once("drain", resolve);
    to.once("error", reject);
  });
};

const copy = async (to: Writable, { sealedTo, integration, connection }: Options): Promise<number> => {
  const key = await readPublicKey(sealedTo!);
  const api = serverApi();
  const filter = { provider_config_key: integration, connection_id: connection, limit: PAGE };
  let count = 0;
  for (let cursor: string | undefined, isFirst = true; ; isFirst = false) {
    const page = await api.get<Page>("/export/connections", { query: { ...filter, cursor } });
    const { environment, total } = page;
    if (isFirst)
      await write(to, { format: FORMAT, version: 1, environment, count: total, key: key.id } satisfies Header);
    for (const one of page.connections) await write(to, { sealed: await sealFor(key, one) });
    count += page.connections.length;
    if (to !== process.stdout) process.stderr.write(`\r${count} of ${total}`);
    if (page.next_cursor === null) break;
    cursor = page.next_cursor;
  }
  await write(to, { end: true, count });
  return count;
};

const run = async (options: Options): Promise<void> => {
  const { sealedTo, output } = options;
  if (sealedTo === undefined)
    throw new AppError(
      "invalid_settings",
      "Say whose key seals them: --sealed-to <public key>. `syncline connections new-key` makes a pair.",
    );
  if (output === undefined) {
    await copy(process.stdout, options);
    return;
  }
  const file = createWriteStream(output, { flags: "wx", mode: 0o600 });
  await new Promise<void>((resolve, reject) => {
    file.once("open", () => resolve());
    file.once("error", (cause) => reject(new AppError("invalid_settings", cause.message, { cause })));
  });
  try {
    const count = await copy(file, options);
    file.end();
    await finished(file);
    process.stderr.write(`\n${counted(count, "connection")} in ${output}, sealed to ${sealedTo}.\n`);
  } catch (error) {
    file.destroy();
    await rm(output, { force: true }); // half an export looks like a whole one
    throw error;
  }
};

export const addExportCommand = (connections: Command): void => {
  connections
    .command("export")
    .description("write connections with their credentials, sealed to a public key, one JSON line each")
    .option("--sealed-to <file>", "the public key that seals them: PEM or JWK, RSA or EC")
    .option("--integration <key>", "only of this integration")
    .option("--connection <id>", "only of this id")
    .option("-o, --output <file>", "where to; otherwise to standard output")
    .action(run);
};
