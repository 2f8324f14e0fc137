// One thing after another, in the order of asking, though the function does not await its calls.

export type Serial = <T>(work: () => Promise<T>) => Promise<T>;

/** A queue of one: each piece of work starts when the one before has settled, whatever became of it. */
export const createSerial = (): Serial => {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const result = last.then(work, work);
    last = result.catch(() => {});
    return result;
  };
};
