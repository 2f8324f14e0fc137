// Many small requests, one statement: while one is under way the next gather, and under load for some milliseconds more, as
// half of what a statement costs is the way to the database and back. In a quiet system nobody waits.

type Waiting<T, R> = { item: T; resolve: (result: R | PromiseLike<R>) => void; reject: (error: unknown) => void };

export type BatcherOptions<T, R> = {
  /** So many items in a batch, */
  most: number;
  /** and so much weight, unless a single item has more; without a weight only the number counts. */
  heaviest?: number;
  weigh?: (item: T) => number;
  /** So long after a batch began the next one begins at the earliest. */
  everyMs: number;
  /** One result for each item, in their order. Called for one batch at a time. */
  work: (items: T[]) => Promise<(R | PromiseLike<R>)[]>;
};

/**
 * A function that gives `work` one item and gets its result. Items keep their order. A batch that is refused is done again
 * one by one, so that one item that cannot be done fails alone.
 */
export const createBatcher = <T, R>({
  most,
  heaviest = Infinity,
  weigh = () => 0,
  everyMs,
  work,
}: BatcherOptions<T, R>) => {
  const waiting: Waiting<T, R>[] = [];
  let isBusy = false;
  let begunAt = -Infinity;

  const take = (): Waiting<T, R>[] => {
    let weight = 0;
    let count = 0;
    while (count < Math.min(most, waiting.length)) {
      weight += weigh(waiting[count]!.item);
      if (count > 0 && weight > heaviest) break;
      count += 1;
    }
    return waiting.splice(0, count);
  };

  const doBatch = async (batch: Waiting<T, R>[]): Promise<void> => {
    try {
      const results = await work(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as R);
    } catch (error) {
      if (batch.length === 1) batch[0]!.reject(error);
      else for (const one of batch) await doBatch([one]);
    }
  };

  const begin = async (): Promise<void> => {
    begunAt = performance.now();
    await doBatch(take());
    isBusy = false;
    beginSoon();
  };

  const beginSoon = (): void => {
    if (isBusy || waiting.length === 0) return;
    isBusy = true;
    const restMs = waiting.length < most ? begunAt + everyMs - performance.now() : 0;
    if (restMs > 0) setTimeout(begin, restMs);
    else setImmediate(begin); // what arrived in the same turn goes along
  };

  return (item: T): Promise<R> =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      beginSoon();
    });
};
