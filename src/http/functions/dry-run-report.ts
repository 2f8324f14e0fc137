// What a dry run over the API gives to read: its lines as text, and what it gave or wrote, both of bounded size.
import type { Json } from "../../errors.ts";
import type { DryEvent } from "../../functions/host/dry-host.ts";
import type { IsolateOutcome } from "../../functions/protocol.ts";
import type { Outcome } from "./function-jobs.ts";

const MOST_TEXT = 500_000;
const MOST_ROWS = 2_000_000; // characters of JSON

const COUNTED = { batchSave: "added", batchUpdate: "updated", batchDelete: "deleted" } as const;

const lineOf = (event: DryEvent): string | undefined => {
  if (event.type === "log") return `${event.level} ${event.message}`;
  if (event.type === "request") return `${event.request.method} ${event.request.endpoint} ${event.response.status}`;
  return event.type === "write" ? `${event.method} ${event.model} ${event.rows.length}` : undefined;
};

/** Collects what a dry run tells; `end` says what came of it. */
export const createReport = () => {
  const counts = { added: 0, updated: 0, deleted: 0 };
  const written: { method: string; model: string; rows: Json }[] = [];
  let text = "";
  let size = 0;
  let isTruncated = false;

  const tell = (event: DryEvent): void => {
    const line = lineOf(event);
    if (line !== undefined && text.length < MOST_TEXT) text += `${line.slice(0, MOST_TEXT - text.length)}\n`;
    if (event.type !== "write") return;
    const { method, model, rows } = event;
    counts[COUNTED[method]] += rows.length;
    const length = JSON.stringify(rows).length;
    if (size + length > MOST_ROWS) {
      isTruncated = true;
      return;
    }
    size += length;
    written.push({ method, model, rows: rows as Json });
  };

  const end = (outcome: IsolateOutcome, type: "sync" | "action"): Outcome => {
    if (!outcome.ok) {
      const { type: kind, message, payload, stack } = outcome.error;
      const details = { type: kind, payload: (payload ?? null) as Json, ...(stack !== undefined && { stack }) };
      const code = kind === "script_aborted" ? "timeout" : "dryrun_error";
      return { output: text, error: { code, message, payload: details } };
    }
    if (type === "action") return { output: text, result: (outcome.value ?? null) as Json };
    return { output: text, result: { counts, written, is_truncated: isTruncated } };
  };

  return { tell, end };
};
