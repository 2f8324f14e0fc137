// Time for a run that waits for nothing: timers fire in the order of their times as soon as nothing else is under way, and
// the clock moves on by what was waited for, so that a loop with a deadline ends. Or the clock stands still at a given time.

type Timer = { id: number; due: number; fire: () => void };

type Globals = Record<string, unknown>;

const RealDate = Date;
const realFormat = Object.getOwnPropertyDescriptor(Intl.DateTimeFormat.prototype, "format");

const createDate = (now: () => number): DateConstructor =>
  new Proxy(RealDate, {
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
    apply: () => new RealDate(now()).toString(),
    get: (target, key) => (key === "now" ? now : Reflect.get(target, key)),
  });

// Without a date, a formatter shows the present.
const setPresent = (now: () => number): void => {
  Object.defineProperty(Intl.DateTimeFormat.prototype, "format", {
    ...realFormat,
    get(this: Intl.DateTimeFormat) {
      const format = realFormat!.get!.call(this) as Intl.DateTimeFormat["format"];
      return (date?: Date | number) => format(date ?? now());
    },
  });
};

/**
 * The globals of one run. `isIdle` says that the run waits for nothing but timers; `turn` lets everything else happen first.
 * `onError` gets what a callback threw. `end` drops what still waits.
 */
export const createVirtualTime = (o: {
  frozenAt: string | number | null;
  isIdle: () => boolean;
  turn: () => Promise<void>;
  onError: (error: unknown) => void;
}): { globals: Globals; end: () => void } => {
  const waiting = new Map<number, Timer>();
  const frozenAt = o.frozenAt === null ? undefined : new RealDate(o.frozenAt).getTime();
  let lastId = 0;
  let skippedMs = 0;
  let isPumping = false;

  const now = (): number => frozenAt ?? RealDate.now() + skippedMs;

  const fireNext = (): void => {
    const [next] = [...waiting.values()].sort((a, b) => a.due - b.due || a.id - b.id);
    if (next === undefined) return;
    waiting.delete(next.id);
    skippedMs = Math.max(skippedMs, next.due);
    try {
      next.fire();
    } catch (error) {
      o.onError(error);
    }
  };

  const pump = async (): Promise<void> => {
    if (isPumping) return;
    isPumping = true;
    while (waiting.size > 0) {
      await o.turn();
      if (o.isIdle()) fireNext();
    }
    isPumping = false;
  };

  const setTimeout = (callback: (...args: unknown[]) => unknown, ms: unknown = 0, ...args: unknown[]): number => {
    if (typeof callback !== "function") throw new TypeError("setTimeout needs a function.");
    const id = ++lastId;
    waiting.set(id, { id, due: skippedMs + Math.max(Number(ms) || 0, 0), fire: () => void callback(...args) });
    pump();
    return id;
  };

  setPresent(now);
  return {
    globals: {
      setTimeout,
      clearTimeout: (id: unknown): void => void waiting.delete(id as number),
      Date: createDate(now),
    },
    end: () => {
      waiting.clear();
      Object.defineProperty(Intl.DateTimeFormat.prototype, "format", realFormat!);
    },
  };
};

/** What a run in real time sees of `Date`. */
export const realDate = RealDate;
