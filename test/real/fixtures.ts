// Recorded answers of real APIs, as they lie beside the repository: one file per sync.
import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import type { Recorded } from "../helpers/replay-server.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../../shared/fixtures");

export type Row = { id: string | number } & { [field: string]: unknown };

export type Fixture = {
  /** The sync that was recorded. */
  name: string;
  nango: {
    getConnection?: { connection_config?: Record<string, unknown> };
    getMetadata?: Record<string, unknown>;
    /** What the sync saved, by model. */
    batchSave: Record<string, Row[]>;
  };
  api: Recorded;
};

/** Why there is nothing to replay, or false. */
export const noFixtures: string | false = existsSync(FOLDER) ? false : `there are no recordings in ${FOLDER}`;

/** Those that were recorded, by name. */
export const recordedIntegrations = (): string[] => [
  ...new Set(
    globSync("*/*.test.json", { cwd: FOLDER })
      .map((file) => path.dirname(file))
      .sort(),
  ),
];

export const readFixtures = (integration: string): Fixture[] =>
  globSync(`${integration}/*.test.json`, { cwd: FOLDER })
    .sort()
    .map((file) => ({
      name: path.basename(file, ".test.json"),
      ...(JSON.parse(readFileSync(path.join(FOLDER, file), "utf8")) as Omit<Fixture, "name">),
    }));
