// Makes the cluster with initdb: beside its final place and then renamed, so that an interrupted one is never used.
import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { chownSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { AppError } from "../../errors.ts";
import type { OsUser } from "./os-user.ts";
import type { Place } from "./place.ts";

/** What the binaries get to see of the environment: nothing of ours, and messages in English. */
export const ENVIRONMENT = { PATH: "/usr/bin:/bin", LC_ALL: "C" };

// The password is 192 random bits: iterating its hash 4,096 times on each connect would protect nothing and cost 3 ms.
const SETTINGS = ["scram_iterations=64"];

const initdbArgs = (folder: string, passwordFile: string, isDurable: boolean): string[] => [
  `--pgdata=${folder}`,
  "--username=postgres",
  `--pwfile=${passwordFile}`,
  "--auth=scram-sha-256",
  "--encoding=UTF8",
  "--locale=C",
  "--locale-provider=builtin",
  "--builtin-locale=C.UTF-8",
  "--data-checksums",
  "--no-instructions",
  ...(isDurable ? [] : ["--no-sync"]),
  ...SETTINGS.map((setting) => `--set=${setting}`),
];

const UNFINISHED = /^initdb-/;

/** Remove what an interrupted initdb left beside the cluster; call it only as the owner of the data folder. */
export const removeUnfinished = (cluster: string): void => {
  const parent = path.dirname(cluster);
  for (const name of readdirSync(parent).filter((one) => UNFINISHED.test(one))) {
    rmSync(path.join(parent, name), { recursive: true, force: true });
  }
};

const own = (file: string, user: OsUser | undefined): void => {
  if (user) chownSync(file, user.uid, user.gid);
};

/** Initialise a cluster at `place.cluster` (0.6 s). `isDurable: false` skips the final fsync, for tests. */
export const makeCluster = async (place: Place, o: { password: string; isDurable: boolean }): Promise<void> => {
  const { cluster, user } = place;
  const unfinished = path.join(path.dirname(cluster), `initdb-${randomUUID()}`);
  const passwordFile = `${unfinished}.password`;
  try {
    mkdirSync(unfinished, { mode: 0o700 });
    own(unfinished, user);
    writeFileSync(passwordFile, o.password, { mode: 0o600 });
    own(passwordFile, user);
    const args = initdbArgs(unfinished, passwordFile, o.isDurable);
    await promisify(execFile)(place.binaries.initdb, args, { ...user, env: ENVIRONMENT, cwd: "/" });
    renameSync(unfinished, cluster);
  } catch (cause) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new AppError("embedded_postgres_failed", `initdb failed: ${(cause as Error).message}`, { cause });
  } finally {
    rmSync(passwordFile, { force: true });
  }
};
