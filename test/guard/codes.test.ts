// Error codes: one registry, in which nothing is missing and nothing is left over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { CODES } from "../../src/errors.ts";
import { readSources } from "./sources.ts";

const REGISTRY = "src/errors.ts";

const typescript = readSources("src/**/*.ts").filter(({ file }) => file !== REGISTRY);
const sql = readSources("sql/*.sql");
const all = [...typescript, ...sql].map(({ text }) => text).join("\n");

test("every code of the registry is used somewhere", () => {
  for (const code of Object.keys(CODES)) assert.match(all, new RegExp(`["'\`]${code}["'\`]|^\\s+${code}:`, "m"), code);
});

test("every code that is thrown or raised is in the registry", () => {
  const codes = [
    ...typescript.flatMap(({ text }) => [...text.matchAll(/\b(?:AppError|fieldError)\(\s*"(\w+)"/g)]),
    ...sql.flatMap(({ text }) => [...text.matchAll(/errcode = '(\w+)'/g)]),
  ].map(([, code]) => code as string);
  assert.ok(codes.length > 50);
  for (const code of codes) assert.ok(code in CODES, code);
});
