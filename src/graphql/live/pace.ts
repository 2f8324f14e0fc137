// How fast a subscription may go: as fast as its client takes what came before. Grafast reads a source ahead of its consumer,
// without end, into memory; so the source itself waits until the consumer asked for one more.

export type Pace = {
  /** The consumer wants one more event. */
  want: () => void;
  /** Resolves when there is one wanted that was not given yet. */
  ready: () => Promise<void>;
};

/** A pace for one subscription. */
export const createPace = (): Pace => {
  let wanted = 0;
  let go = (): void => {};
  return {
    want: () => {
      wanted += 1;
      go();
    },
    ready: async () => {
      while (wanted === 0) {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
      }
      wanted -= 1;
    },
  };
};

/** `source`, whose every event is asked for at `pace`. */
export const paced = <T>(source: AsyncIterableIterator<T>, pace: Pace): AsyncIterableIterator<T> => ({
  [Symbol.asyncIterator]() {
    return this;
  },
  next: () => {
    pace.want();
    return source.next();
  },
  return: async (value) => (await source.return?.(value)) ?? { done: true, value },
});
