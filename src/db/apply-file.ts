// Applies one SQL file statement by statement, and says where it failed: file, line, column, and the line itself.
import pg from "pg";
import { AppError } from "../errors.ts";
import type { SqlFile } from "./migration-files.ts";
import { splitStatements } from "./sql-statements.ts";

const describe = (file: SqlFile, offset: number, error: pg.DatabaseError): string => {
  const before = file.text.slice(0, offset);
  const line = before.split("\n").length;
  const column = offset - before.lastIndexOf("\n");
  const shown = file.text.split("\n")[line - 1]!;
  const gutter = `${line}`.padStart(5);
  const extras = [error.detail && `detail: ${error.detail}`, error.hint && `hint: ${error.hint}`, error.where];
  return [
    `${file.path}:${line}:${column}: ${error.message} (${error.code})`,
    `${gutter} | ${shown}`,
    `${" ".repeat(gutter.length)} | ${" ".repeat(column - 1)}^`,
    ...extras.filter((extra) => extra !== undefined && extra !== ""),
  ].join("\n");
};

/** Run every statement of `file` on `client`. Throws migration_failed with the place of the error. */
export const applyFile = async (client: pg.ClientBase, file: SqlFile): Promise<void> => {
  for (const { text, offset } of splitStatements(file.text)) {
    try {
      await client.query(text);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) throw error;
      const position = error.position === undefined ? 0 : characters(text, Number(error.position) - 1);
      throw new AppError("migration_failed", describe(file, offset + position, error), { cause: error });
    }
  }
};

/** Postgres counts characters, JavaScript counts UTF-16 units: they differ for characters beyond the first plane. */
const characters = (text: string, count: number): number => [...text].slice(0, count).join("").length;
