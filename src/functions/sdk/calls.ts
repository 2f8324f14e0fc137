// Calls to the host: numbered questions over the port, and the count of those still open.
import type { FromIsolate, ReplyMessage } from "../protocol.ts";
import { fromWire } from "./errors.ts";

/** Ask the host; rejects with the host's error. `config` is shown on an axios-like error. */
export type Call = (method: string, args: unknown[], config?: unknown) => Promise<unknown>;

export type Calls = ReturnType<typeof createCalls>;

type Waiting = { resolve: (value: unknown) => void; reject: (error: Error) => void; config: unknown; site: Error };

const asJson = (args: unknown[]): unknown[] =>
  args.map((arg) => (arg === undefined ? arg : JSON.parse(JSON.stringify(arg))));

/** An answer comes out of nowhere: the trace that helps is that of the question. */
const atSite = (error: Error, site: Error): Error => {
  const frames = (site.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n");
  return error;
};

/** The calls of one thread. Ids are never used twice, so a late answer cannot reach the next run. */
export const createCalls = (post: (message: FromIsolate) => void) => {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let onDrained: (() => void) | undefined;

  const send = (id: number, method: string, args: unknown[]): void => {
    try {
      post({ kind: "call", id, method, args });
    } catch {
      post({ kind: "call", id, method, args: asJson(args) }); // a Proxy, for one, cannot be cloned but has a JSON form
    }
  };

  /** A `call` that works until its run is over. */
  const open = () => {
    let isOpen = true;
    const call: Call = (method, args, config) =>
      new Promise((resolve, reject) => {
        if (!isOpen) return reject(new Error(`nango.${method} was called after the run was over.`));
        const id = ++lastId;
        waiting.set(id, { resolve, reject, config, site: new Error() });
        try {
          send(id, method, args);
        } catch (error) {
          waiting.delete(id);
          reject(error as Error);
        }
      });
    const close = () => {
      isOpen = false;
      waiting.clear();
    };
    return { call, close };
  };

  const settle = (reply: ReplyMessage): void => {
    const asked = waiting.get(reply.id);
    if (asked === undefined) return;
    waiting.delete(reply.id);
    if (reply.ok) asked.resolve(reply.value);
    else asked.reject(atSite(fromWire(reply.error, asked.config), asked.site));
    if (waiting.size === 0) onDrained?.();
  };

  /** Resolves when no call is open. Attaches to no promise of the author's, so an unhandled one stays unhandled. */
  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      if (waiting.size === 0) return resolve();
      onDrained = resolve;
    });

  return { open, settle, drained, count: () => waiting.size };
};
