// Work that is asked for often and done seldom.

/** Asks for `work`: it is done soon, and at most once in `ms`. What comes back is the timer, where one was started. */
export const coalesce = (ms: number, work: () => void): (() => NodeJS.Timeout | undefined) => {
  let isWaiting = false;
  let lastDone = 0;
  const act = (): void => {
    isWaiting = false;
    lastDone = Date.now();
    work();
  };
  return () => {
    if (isWaiting) return undefined;
    isWaiting = true;
    return setTimeout(act, Math.max(0, lastDone + ms - Date.now()));
  };
};
