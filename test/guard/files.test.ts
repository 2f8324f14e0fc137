// What every file of ours keeps to: it says what it is for, it is short, and it runs without a build.
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSources } from "./sources.ts";

const MOST_LINES = 300;

const typescript = readSources("{src,test}/**/*.ts");
const sql = readSources("sql/*.sql");

test("the first line of every file but tests says what the file is for", () => {
  const documented = typescript.filter(({ file }) => !file.endsWith(".test.ts"));
  for (const { file, text } of documented) assert.match(text, /^(#!.*\n)?\/\/ \S.{10}/, file);
  for (const { file, text } of sql) assert.match(text, /^-- \d\d_\w+\.sql: \S.{10}/, file);
});

test("no file is longer than 300 lines", () => {
  for (const { file, text } of [...typescript, ...sql]) {
    const lines = text.split("\n").length - 1;
    assert.ok(lines <= MOST_LINES, `${file} has ${lines} lines`);
  }
});

test("no file has a note about what is to be done", () => {
  for (const { file, text } of [...typescript, ...sql]) {
    assert.doesNotMatch(text, new RegExp("\\b(TO" + "DO|FIX" + "ME|XX" + "X)\\b"), file);
  }
});
