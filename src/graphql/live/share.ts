// Subscriptions that stand at the same place ask for the same page at the same moment: it is read once. Nothing is kept: a
// page that has been read is read anew for the next who asks.

/** Whoever asks under a name while that work runs gets its result. */
export const createShare = () => {
  const running = new Map<string, Promise<unknown>>();
  return <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const found = running.get(name) as Promise<T> | undefined;
    if (found !== undefined) return found;
    const one = work().finally(() => running.delete(name));
    running.set(name, one);
    return one;
  };
};
