// Sorted arrays: the few rows that were edited, kept in order beside the many that are generated.

/** A row's place in the order of changes: when it changed (milliseconds), then its index. */
export type Place = { at: number; index: number };

/** How many leading elements of `list` come before the asked place; `isBefore` must be true for a prefix only. */
export const countWhile = <T>(list: readonly T[], isBefore: (element: T) => boolean): number => {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(list[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** How many elements of `places` lie at `place` or before it. */
export const countUpTo = (places: readonly Place[], { at, index }: Place): number =>
  countWhile(places, (other) => other.at < at || (other.at === at && other.index <= index));

export const contains = (numbers: readonly number[], wanted: number): boolean =>
  numbers[countWhile(numbers, (number) => number < wanted)] === wanted;

/** Puts `wanted` into its place unless it is there already. */
export const insert = (numbers: number[], wanted: number): void => {
  const position = countWhile(numbers, (number) => number < wanted);
  if (numbers[position] !== wanted) numbers.splice(position, 0, wanted);
};

/** Walking up from `from` and leaving out the sorted `holes`, the number met after `steps` steps. */
export const nthOutside = (holes: readonly number[], { from, steps }: { from: number; steps: number }): number => {
  const first = countWhile(holes, (hole) => hole < from);
  let low = first;
  let high = holes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    // Numbers outside the holes between `from` and this hole; at most `steps` means the hole lies before the answer.
    if (holes[middle]! - from - (middle - first) <= steps) low = middle + 1;
    else high = middle;
  }
  return from + steps + (low - first);
};
