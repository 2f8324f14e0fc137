// Postgres refuses to run as root. As root we run it as the OS user `postgres`, which is made where it is missing.
import { spawnSync } from "node:child_process";
import { AppError } from "../../errors.ts";

export type OsUser = { uid: number; gid: number };

const NAME = "postgres";

const run = (command: string, args: string[]): string | null => {
  const { status, stdout } = spawnSync(command, args, { encoding: "utf8" });
  return status === 0 ? stdout.trim() : null;
};

const find = (): OsUser | null => {
  const [uid, gid] = [run("id", ["-u", NAME]), run("id", ["-g", NAME])];
  return uid === null || gid === null ? null : { uid: Number(uid), gid: Number(gid) };
};

/** The user to run Postgres as; undefined when this process is not root and runs it as itself. */
export const findOsUser = (log: (line: string) => void): OsUser | undefined => {
  if (process.getuid?.() !== 0) return undefined;
  const found = find();
  if (found) return found;
  run("groupadd", ["--system", NAME]);
  run("useradd", ["--system", "--no-create-home", "--gid", NAME, "--shell", "/usr/sbin/nologin", NAME]);
  const made = find();
  if (made) {
    log(`made the OS user ${NAME}: the embedded Postgres refuses to run as root`);
    return made;
  }
  const help = "Run Syncline as another user, or give DATABASE_URL.";
  throw new AppError(
    "embedded_postgres_failed",
    `Postgres cannot run as root, and no user ${NAME} could be made. ${help}`,
  );
};

/** Whether `user` can enter the folder (or run the file). */
export const canReach = (path: string, user: OsUser | undefined): boolean =>
  spawnSync("test", ["-x", path], user ?? {}).status === 0;
