// What came of testing one function, and how it is told.
import type { Candidate } from "../../functions/fixtures/compile.ts";

export type Result = {
  integration: string;
  name: string;
  kind: string;
  status: "passed" | "failed" | "skipped";
  reason?: string;
  note?: string;
  ms: number;
};

export type Outcome = Omit<Result, "integration" | "name" | "kind">;

const KINDS: Record<string, string> = { syncs: "sync", actions: "action", "on-events": "on-event" };

/** The result of a function; while it is not compiled its kind is that of its folder. */
export const resultOf = (
  { entry: { integration, name, file } }: Candidate,
  outcome: Outcome,
  kind?: string,
): Result => ({
  integration,
  name,
  kind: kind ?? KINDS[file.split("/").at(-2) ?? ""] ?? "sync",
  ...outcome,
});
