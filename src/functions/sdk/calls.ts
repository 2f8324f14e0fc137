// Calls to the host: numbered questions over the port, and the count of those still open. So many are under way at a time;
// further ones wait in here, where they count as the function's own memory.
import { CALLS_AT_ONCE, type FromIsolate, type ReplyMessage } from "../protocol.ts";
import { fromWire } from "./errors.ts";
import { copyPlain, MOST_BYTES, weigh } from "./weight.ts";

/** Ask the host; rejects with the host's error. `config` is shown on an axios-like error. */
export type Call = (method: string, args: unknown[], config?: unknown) => Promise<unknown>;

export type Calls = ReturnType<typeof createCalls>;

type Waiting = {
  resolve: (value: unknown) => void;
  reject: (error: Error) => void;
  config: unknown;
  site: Error;
  bytes: number;
};

type Queued = { id: number; method: string; args: unknown[] };

const asJson = (args: unknown[]): unknown[] =>
  args.map((arg) => (arg === undefined ? arg : JSON.parse(JSON.stringify(arg))));

/** An answer comes out of nowhere: the trace that helps is that of the question. */
const atSite = (error: Error, site: Error): Error => {
  const frames = (site.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  error.stack = [`${error.name}: ${error.message}`, ...frames].join("\n");
  return error;
};

const tooHeavy = (method: string): Error =>
  new RangeError(`nango.${method}: a call carries at most ${MOST_BYTES / 1024 / 1024} MB.`);

/**
 * The calls of one thread. Ids are never used twice, so a late answer cannot reach the next run. `onQuiet` is called
 * whenever the last open call is answered.
 */
export const createCalls = (post: (message: FromIsolate) => void, onQuiet: () => void) => {
  const waiting = new Map<number, Waiting>();
  const queue: Queued[] = [];
  let queueStart = 0;
  let bytesUnderWay = 0;
  let lastId = 0;
  let onDrained: (() => void) | undefined;

  const send = ({ id, method, args }: Queued): void => {
    try {
      post({ kind: "call", id, method, args });
    } catch {
      post({ kind: "call", id, method, args: asJson(args) }); // a Proxy, for one, cannot be cloned but has a JSON form
    }
  };

  const isRoomFor = (bytes: number): boolean => {
    const underWay = waiting.size - (queue.length - queueStart);
    return underWay === 0 || (underWay < CALLS_AT_ONCE && bytesUnderWay + bytes <= MOST_BYTES);
  };

  const drop = (id: number): Waiting | undefined => {
    const asked = waiting.get(id);
    if (asked !== undefined) bytesUnderWay -= asked.bytes;
    waiting.delete(id);
    return asked;
  };

  const start = (call: Queued, { bytes, reject }: Waiting): void => {
    bytesUnderWay += bytes;
    try {
      send(call);
    } catch (error) {
      drop(call.id);
      reject(error as Error);
    }
  };

  const startQueued = (): void => {
    while (queueStart < queue.length) {
      const next = queue[queueStart]!;
      const asked = waiting.get(next.id)!;
      if (!isRoomFor(asked.bytes)) return;
      queueStart += 1;
      start(next, asked);
    }
    queue.length = queueStart = 0;
  };

  /** A `call` that works until its run is over. */
  const open = () => {
    let isOpen = true;
    const call: Call = (method, args, config) =>
      new Promise((resolve, reject) => {
        if (!isOpen) return reject(new Error(`nango.${method} was called after the run was over.`));
        const bytes = weigh(args);
        if (bytes > MOST_BYTES) return reject(tooHeavy(method));
        const isAtOnce = queue.length === 0 && isRoomFor(bytes);
        const id = ++lastId;
        const asked = { resolve, reject, config, site: new Error(), bytes };
        waiting.set(id, asked);
        if (isAtOnce) start({ id, method, args }, asked);
        else queue.push({ id, method, args: copyPlain(args) as unknown[] });
      });
    const close = () => {
      isOpen = false;
      waiting.clear();
      queue.length = queueStart = bytesUnderWay = 0;
    };
    return { call, close };
  };

  const settle = (reply: ReplyMessage): void => {
    const asked = drop(reply.id);
    if (asked === undefined) return;
    if (reply.ok) asked.resolve(reply.value);
    else asked.reject(atSite(fromWire(reply.error, asked.config), asked.site));
    startQueued();
    if (waiting.size > 0) return;
    onDrained?.();
    onQuiet();
  };

  /** Resolves when no call is open. Attaches to no promise of the author's, so an unhandled one stays unhandled. */
  const drained = (): Promise<void> =>
    new Promise((resolve) => {
      if (waiting.size === 0) return resolve();
      onDrained = resolve;
    });

  return { open, settle, drained, count: () => waiting.size };
};
