// A migrations/ and a sql/ folder with the files a test wants.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import type { Folders } from "../../src/db/migration-files.ts";

export type Files = { migrations?: Record<string, string>; sql?: Record<string, string> };

/** Write the files; removed after the test. */
export const writeFolders = (t: TestContext, files: Files): Folders => {
  const root = mkdtempSync(path.join(tmpdir(), "syncline-migrations-"));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const folders = { migrations: path.join(root, "migrations"), sql: path.join(root, "sql") };
  for (const kind of ["migrations", "sql"] as const) {
    mkdirSync(folders[kind]);
    for (const [name, text] of Object.entries(files[kind] ?? {})) writeFileSync(path.join(folders[kind], name), text);
  }
  return folders;
};
