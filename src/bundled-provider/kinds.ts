// The three kinds of rows Acme has, how their ids look, and when a generated row was last changed.
import type { Json } from "../errors.ts";
import { hash } from "./random.ts";

export const KINDS = ["contacts", "companies", "tickets"] as const;
export type Kind = (typeof KINDS)[number];
export type Fields = { [field: string]: Json };
export type Row = Fields & { id: string; created_at: string; updated_at: string };
export type RowCounts = Record<Kind, number>;

const PREFIXES: Record<Kind, string> = { contacts: "con", companies: "com", tickets: "tic" };

export const isKind = (text: string | null): text is Kind => KINDS.some((kind) => kind === text);
export const kindNumber = (kind: Kind): number => KINDS.indexOf(kind) + 1;

/** Ids sort as their indexes do: nine digits hold a thousand times the largest world. */
export const idOf = (kind: Kind, index: number): string => `${PREFIXES[kind]}_${String(index).padStart(9, "0")}`;

/** The index an id stands for, or -1 for a text that is no id of this kind. */
export const indexOf = (kind: Kind, id: string): number => {
  const index = Number(id.slice(4));
  return Number.isSafeInteger(index) && index >= 0 && id === idOf(kind, index) ? index : -1;
};

// Four rows share each time, so that ties at a page's end are met in every run, and times rise with the index, so that
// `updated_since` is one division instead of a search. A million rows fill 347 days of 2024.
const FIRST_AT = Date.UTC(2024, 0, 1);
const GROUP_SIZE = 4;
const GROUP_MS = 120_000;

/** When the generated row at `index` was last changed: milliseconds, rising with the index, equal within a group of four. */
export const generatedAt = (seed: number, kind: Kind, index: number): number => {
  const group = Math.floor(index / GROUP_SIZE);
  return FIRST_AT + group * GROUP_MS + (hash(seed, kindNumber(kind), group, 0xa7) % GROUP_MS);
};

/** The first index whose generated time is `at` or later; it may lie beyond the last row. */
export const firstIndexAt = (seed: number, kind: Kind, at: number): number => {
  const group = Math.floor((at - FIRST_AT) / GROUP_MS);
  if (group < 0) return 0;
  return (generatedAt(seed, kind, group * GROUP_SIZE) >= at ? group : group + 1) * GROUP_SIZE;
};
