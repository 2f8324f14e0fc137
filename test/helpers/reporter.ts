// The test report: nothing for what passes; for what fails its name, file and error; at the end one line.
import path from "node:path";
import type { TestEvent } from "node:test/reporters";
import { inspect } from "node:util";

const shorten = (file: string | undefined): string => (file === undefined ? "" : path.relative(process.cwd(), file));

const causeOf = (error: unknown): unknown => (error as { cause?: unknown } | undefined)?.cause ?? error;

const isOnlyFromSubtests = (error: unknown): boolean =>
  (error as { failureType?: unknown }).failureType === "subtestsFailed";

// An assertion's message has the difference in it already; its other properties would repeat both sides in full.
const describe = (error: unknown): string =>
  error instanceof Error && error.name === "AssertionError" ? error.stack! : inspect(error);

const indent = (text: string): string => text.replace(/^(?=.)/gm, "    ");

type Counts = { tests: number; passed: number; skipped: number; todo: number; cancelled: number };

const summary = (counts: Counts, ms: number): string => {
  const failed = counts.tests - counts.passed - counts.skipped - counts.todo - counts.cancelled;
  const parts = [`${counts.passed} passed`, `${failed} failed`];
  if (counts.cancelled > 0) parts.push(`${counts.cancelled} cancelled`);
  if (counts.skipped > 0) parts.push(`${counts.skipped} skipped`);
  if (counts.todo > 0) parts.push(`${counts.todo} to do`);
  return `${parts.join(", ")} in ${(ms / 1000).toFixed(1)} s\n`;
};

/** A reporter as `node --test --test-reporter` wants it. */
export default async function* report(source: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const started = performance.now();
  for await (const { type, data } of source) {
    if (type === "test:fail" && !isOnlyFromSubtests(data.details.error)) {
      yield `\n✖ ${data.name}  (${shorten(data.file)}:${data.line})\n`;
      yield `${indent(describe(causeOf(data.details.error)))}\n`;
    } else if (type === "test:pass" && data.skip !== undefined && data.skip !== false) {
      yield `– skipped: ${data.name}${typeof data.skip === "string" ? ` (${data.skip})` : ""}\n`;
    } else if (type === "test:diagnostic" && data.file !== undefined) {
      yield `  ℹ ${data.message}\n`;
    } else if (type === "test:stdout" || type === "test:stderr") {
      yield data.message;
    } else if (type === "test:summary" && data.file === undefined) {
      yield `\n${summary(data.counts, performance.now() - started)}`;
    }
  }
}
