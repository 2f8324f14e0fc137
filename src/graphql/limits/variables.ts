// Variables are JSON of any shape until their types are known; how deep they go is looked at before anybody walks them.

const isHolder = (value: unknown): value is object => typeof value === "object" && value !== null;

/** True when lists and objects in `value` are nested deeper than `max`. Takes no stack, whatever was sent. */
export const isDeeperThan = (value: unknown, max: number): boolean => {
  let level: object[] = isHolder(value) ? [value] : [];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth >= max) return true;
    level = level.flatMap((holder) => Object.values(holder).filter(isHolder));
  }
  return false;
};
