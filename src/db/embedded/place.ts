// Where a data folder's cluster goes: into the folder, unless Postgres must run as another OS user who cannot enter it
// (a clone in /root, a folder made by mkdtemp). Then it goes to /var/lib/syncline, named by a hash of the folder's path.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import path from "node:path";
import { AppError } from "../../errors.ts";
import { type Binaries, copyBinaries, findBinaries } from "./binaries.ts";
import { canReach, findOsUser, type OsUser } from "./os-user.ts";
import { readState } from "./state.ts";

export type Place = { binaries: Binaries; cluster: string; user: OsUser | undefined };

type Options = { dataFolder: string; outsideFolder: string; log: (line: string) => void };

const refuse = (cluster: string): never => {
  const message = `the database is in ${cluster}, which the OS user postgres can no longer enter: open its parent folders`;
  throw new AppError("embedded_postgres_failed", message);
};

const outsideOf = ({ dataFolder, outsideFolder, log }: Options): string => {
  const name = createHash("sha256").update(dataFolder).digest("hex").slice(0, 16);
  const folder = path.join(outsideFolder, name);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  log(`the OS user postgres cannot enter ${dataFolder}, so the database is kept in ${folder}`);
  return path.join(folder, "postgres");
};

/** Decide, and make the folders around the cluster; the same answer for every process and every start. */
export const findPlace = async (o: Options): Promise<Place> => {
  mkdirSync(o.dataFolder, { recursive: true });
  const user = findOsUser(o.log);
  const own = await findBinaries();
  const binaries = canReach(own.postgres, user) ? own : await copyBinaries(o.outsideFolder);
  const known = readState(o.dataFolder)?.cluster;
  const parent = path.dirname(known ?? path.join(o.dataFolder, "postgres"));
  if (canReach(parent, user)) return { binaries, user, cluster: known ?? path.join(o.dataFolder, "postgres") };
  if (known !== undefined && existsSync(known)) refuse(known);
  return { binaries, user, cluster: outsideOf(o) };
};
