// What a dry run prints: log lines and requests as they come, then the counts and the records, or the value of an action.
import type { DryEvent } from "../../functions/host/dry-host.ts";
import type { RunError } from "../../functions/protocol.ts";

const MOST_SHOWN = 20;

type Row = Record<string, unknown>;
type End = { ok: true; value?: unknown } | { ok: false; error: RunError };
type Counts = { added: number; updated: number; deleted: number };

const COUNTED = { batchSave: "added", batchUpdate: "updated", batchDelete: "deleted" } as const;

/** One line for what just happened, on stderr; records wait for the end. */
export const showEvent = (event: DryEvent): void => {
  if (event.type === "log") console.error(`${event.level.padEnd(5)} ${event.message}`);
};

const show = (method: string, rows: Row[]): void => {
  for (const row of rows.slice(0, MOST_SHOWN))
    console.log(`  ${method === "batchDelete" ? "-" : "+"} ${JSON.stringify(row)}`);
  if (rows.length > MOST_SHOWN) console.log(`  and ${rows.length - MOST_SHOWN} more`);
};

/** Collects what happened, to be shown at the end. */
export const createSummary = () => {
  const startedAt = performance.now();
  const written: Extract<DryEvent, { type: "write" }>[] = [];
  const requests: { method: string; endpoint: string; status: number }[] = [];
  let bytes = 0;

  const note = (event: DryEvent): void => {
    if (event.type === "write") written.push(event);
    if (event.type !== "request") return;
    const { request, response } = event;
    requests.push({ method: request.method, endpoint: request.endpoint, status: response.status });
    bytes += JSON.stringify(response.data)?.length ?? 0;
  };

  const counts = (): Counts => {
    const total = { added: 0, updated: 0, deleted: 0 };
    for (const { method, rows } of written) total[COUNTED[method]] += rows.length;
    return total;
  };

  const diagnostics = () => ({
    duration_ms: Math.round(performance.now() - startedAt),
    requests: requests.length,
    response_bytes: bytes,
    records: written.reduce((sum, { rows }) => sum + rows.length, 0),
  });

  const showJson = (end: End, hasDiagnostics: boolean): void => {
    const outcome = end.ok ? { ok: true, output: end.value ?? null } : { ok: false, error: end.error };
    const more = hasDiagnostics ? { diagnostics: diagnostics() } : {};
    const calls = written.map(({ method, model, rows }) => ({ method, model, rows }));
    console.log(JSON.stringify({ ...outcome, counts: counts(), written: calls, requests, ...more }));
  };

  const showText = (end: End, isSync: boolean): void => {
    for (const { method, model, rows } of written) {
      console.log(`${method} ${model}: ${rows.length}`);
      show(method, rows);
    }
    if (isSync) console.log(JSON.stringify(counts()));
    else if (end.ok) console.log(JSON.stringify(end.value ?? null, null, 2));
    console.log(`${requests.length} requests`);
    if (!end.ok && end.error.stack !== undefined) console.error(end.error.stack);
  };

  return {
    note,
    show: (end: End, o: { isJson: boolean; hasDiagnostics: boolean; isSync: boolean }): void => {
      if (o.isJson) showJson(end, o.hasDiagnostics);
      else showText(end, o.isSync);
      if (o.hasDiagnostics && !o.isJson) console.log(JSON.stringify(diagnostics()));
    },
  };
};
