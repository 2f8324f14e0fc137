// Where tests put their databases and files: in memory where there is room. On ext4 each file that is made soon after others
// were removed costs a search for a free place, and tests make and remove databases of 500 files all the time: a quarter of
// the processor time of all tests.
import { chmodSync, mkdirSync, statfsSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const IN_MEMORY = "/dev/shm";
const ENOUGH_BYTES = 2 * 1024 ** 3; // seven times what a whole run was seen to use; a container often has 64 MB in all

const hasRoom = (): boolean => {
  try {
    const { bavail, bsize } = statfsSync(IN_MEMORY);
    return Math.min(bavail * bsize, process.availableMemory()) >= ENOUGH_BYTES;
  } catch {
    return false;
  }
};

/**
 * Variables for a run of tests: `TMPDIR`, where that is not given, and the temporary folder on disk for what is large and
 * for what the next run will want.
 */
export const temporaryFolders = (): { TMPDIR: string; SYNCLINE_TEST_DISK: string } => {
  const disk = os.tmpdir();
  if (process.env.TMPDIR !== undefined || !hasRoom()) return { TMPDIR: disk, SYNCLINE_TEST_DISK: disk };
  const folder = path.join(IN_MEMORY, `syncline-tests-${os.userInfo().uid}`);
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o755); // Postgres may run as another user
  return { TMPDIR: folder, SYNCLINE_TEST_DISK: disk };
};

/** The temporary folder on disk. */
export const onDisk = (): string => process.env.SYNCLINE_TEST_DISK ?? os.tmpdir();
