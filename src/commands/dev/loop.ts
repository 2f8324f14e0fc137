// Rounds of work, one at a time: a change during a round makes that one stop early and another follow.

const SETTLE_MS = 30; // editors save in two or three steps

/** `changed` asks for a round. `failed` rejects when a round does. A round that answers "again" is repeated after `againMs`. */
export const createLoop = (o: { round: (signal: AbortSignal) => Promise<"done" | "again">; againMs: number }) => {
  const { promise: failed, reject: fail } = Promise.withResolvers<never>();
  failed.catch(() => {});
  let timer: NodeJS.Timeout | undefined;
  let current: { running: Promise<void>; abort: AbortController } | undefined;
  let isWanted = false;
  let isStopped = false;

  const later = (ms: number): void => {
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(begin, ms);
  };

  const work = async (signal: AbortSignal): Promise<void> => {
    try {
      const verdict = await o.round(signal);
      if (verdict === "again" && !isWanted) later(o.againMs);
    } catch (error) {
      fail(error);
    }
    current = undefined;
    if (isWanted) later(0);
  };

  const begin = (): void => {
    isWanted = false;
    const abort = new AbortController();
    current = { running: Promise.resolve(), abort };
    current.running = work(abort.signal);
  };

  const changed = (): void => {
    isWanted = true;
    if (current === undefined) later(SETTLE_MS);
    else current.abort.abort();
  };

  const stop = async (): Promise<void> => {
    isStopped = true;
    clearTimeout(timer);
    current?.abort.abort();
    await current?.running;
  };

  return { changed, failed, stop };
};
