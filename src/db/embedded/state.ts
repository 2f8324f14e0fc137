// What the data folder remembers of its database: where the cluster is, its port and its password; and the same as a
// service file for psql. Both are readable by the owner only.
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { z } from "zod";

const State = z.object({ cluster: z.string(), port: z.number().int(), password: z.string() });

export type State = z.infer<typeof State>;

const fileOf = (dataFolder: string): string => path.join(dataFolder, "postgres.json");
const serviceFileOf = (dataFolder: string): string => path.join(dataFolder, "pg_service.conf");

// Put in place whole: another process may read it meanwhile, and one that starts looks for the cluster before it has the lock.
const writePrivate = (file: string, text: string): void => {
  const written = `${file}.${process.pid}`;
  writeFileSync(written, text, { mode: 0o600 });
  renameSync(written, file);
};

/** Null before the first start. */
export const readState = (dataFolder: string): State | null =>
  existsSync(fileOf(dataFolder)) ? State.parse(JSON.parse(readFileSync(fileOf(dataFolder), "utf8"))) : null;

/** Keep the state, and the service file that goes with it. */
export const writeState = (dataFolder: string, state: State): void => {
  writePrivate(fileOf(dataFolder), `${JSON.stringify(state, null, 2)}\n`);
  const service = {
    host: "127.0.0.1",
    port: state.port,
    dbname: "syncline",
    user: "postgres",
    password: state.password,
  };
  const lines = Object.entries(service).map(([key, value]) => `${key}=${value}`);
  writePrivate(serviceFileOf(dataFolder), `[syncline]\n${lines.join("\n")}\n`);
};

export const newPassword = (): string => randomBytes(24).toString("base64url");

export const urlOf = ({ port, password }: State, database = "syncline"): string =>
  `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;

/** The command that opens psql on this database. */
export const psqlHintOf = (dataFolder: string): string => {
  const file = serviceFileOf(dataFolder);
  return `PGSERVICEFILE=${/^[\w./-]+$/.test(file) ? file : `'${file}'`} psql service=syncline`;
};

const listenOn = (port: number): Promise<number | null> =>
  new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", () => resolve(null));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address() as net.AddressInfo;
      server.close(() => resolve(address.port));
    });
  });

/** `wanted` when nothing listens there, else any free port. */
export const freePort = async (wanted: number | undefined): Promise<number> =>
  (wanted === undefined ? null : await listenOn(wanted)) ?? (await listenOn(0))!;
