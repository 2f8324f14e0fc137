// Postgres's text of a short interval as milliseconds.

/** The milliseconds of "00:00:05.5"; an interval of days is no business of a timer. */
export const milliseconds = (interval: string): number => {
  const [, hours, minutes, seconds] = /^(\d+):(\d+):([\d.]+)$/.exec(interval) ?? [];
  if (seconds === undefined) throw new RangeError(`"${interval}" is not a time below a day`);
  return ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000;
};
