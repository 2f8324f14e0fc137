// Small seeded numbers: the same parts give the same numbers on every machine, at a few nanoseconds each.

const mix = (state: number, value: number): number => {
  let h = Math.imul(state ^ value, 0x9e3779b1);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
};

/** One number from 0 to 2^32 - 1 that depends on every part; parts are safe non-negative integers. */
export const hash = (...parts: number[]): number => {
  let state = 0x5eed;
  for (const part of parts) state = mix(mix(state, part | 0), Math.floor(part / 2 ** 32) + 1);
  return state >>> 0;
};

export type Random = {
  /** From 0 to count - 1. */
  below: (count: number) => number;
  /** True with this probability, 0 to 1. */
  chance: (probability: number) => boolean;
  pick: <T>(list: readonly T[]) => T;
};

/** A stream of seeded numbers (mulberry32) that starts at the hash of `parts`. */
export const createRandom = (...parts: number[]): Random => {
  let state = hash(...parts);
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number) => Math.floor(next() * count);
  return { below, chance: (probability) => next() < probability, pick: (list) => list[below(list.length)]! };
};
