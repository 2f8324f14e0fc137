// Faults on request: which request gets which fault, by its own header or by rules. Draws are seeded, so that the same
// requests meet the same faults again.
import { z } from "zod";
import { AppError } from "../errors.ts";
import { createRandom, type Random } from "./random.ts";

/** What goes wrong: a status instead of the answer, no answer, a cut body, a reset connection, a late answer. */
export type Fault = { kind: number | "timeout" | "truncate" | "reset" | "slow"; ms: number | undefined };

const KIND = /^(?:([45]\d\d)|timeout|truncate|reset|slow)(?::(\d+))?$/;
const kindText = z
  .union([z.string(), z.number()])
  .transform(String)
  .pipe(z.string().regex(KIND, "is no kind of fault"));
const natural = z.int().min(1);

/** A rule. `kind` may carry milliseconds as in "slow:250"; `ms` says the same. All conditions given must hold. */
export const FaultRule = z.strictObject({
  kind: kindText,
  /** This path and everything below it. */
  path: z.string().startsWith("/").optional(),
  method: z.string().toUpperCase().optional(),
  /** Leaves out the first so many matching requests. */
  after: z.int().min(0).optional(),
  /** Only each so-manieth matching request. */
  every: natural.optional(),
  probability: z.number().min(0).max(1).optional(),
  /** At most so often. */
  times: natural.optional(),
  ms: z.int().min(0).optional(),
});
export type FaultRule = z.input<typeof FaultRule>;

type Rule = { id: number; rule: z.output<typeof FaultRule>; random: Random; seen: number; done: number };
type Asked = { method: string; path: string; header: string | undefined };

/** Reads "503", "timeout" or "slow:250". Throws invalid_headers for anything else. */
export const parseFault = (text: string, ms?: number): Fault => {
  const match = KIND.exec(text.trim());
  if (!match) throw new AppError("invalid_headers", `X-Acme-Fault does not know "${text}".`);
  const [whole, status, delay] = match;
  const kind = status ? Number(status) : (whole.split(":")[0] as Exclude<Fault["kind"], number>);
  return { kind, ms: delay === undefined ? ms : Number(delay) };
};

const matches = (rule: Rule["rule"], { method, path }: Asked) =>
  (rule.method === undefined || rule.method === method) &&
  (rule.path === undefined ||
    path === rule.path ||
    path.startsWith(rule.path.endsWith("/") ? rule.path : `${rule.path}/`));

/** Counts a matching request, and says whether this one is hit. */
const isHit = (entry: Rule): boolean => {
  const { after = 0, every = 1, probability = 1, times = Number.POSITIVE_INFINITY } = entry.rule;
  entry.seen += 1;
  const counted = entry.seen - after;
  if (counted < 1 || counted % every !== 0 || entry.done >= times) return false;
  return probability === 1 || entry.random.chance(probability);
};

export const createFaults = ({ seed }: { seed: number }) => {
  let rules: Rule[] = [];
  let added = 0;
  const show = ({ id, rule, seen, done }: Rule) => ({ id, ...rule, seen, done });

  return {
    /** Adds a rule; an earlier rule wins over a later one. Throws ZodError for a rule that makes no sense. */
    add: (input: FaultRule) => {
      added += 1;
      const entry = {
        id: added,
        rule: FaultRule.parse(input),
        random: createRandom(seed, added, 0xfa),
        seen: 0,
        done: 0,
      };
      rules.push(entry);
      return show(entry);
    },
    list: () => rules.map(show),
    clear: (): void => {
      rules = [];
    },
    /** Forgets the rules and begins the draws anew. */
    reset: (): void => {
      rules = [];
      added = 0;
    },
    /** The fault this request meets, if any: its own header first, then the first rule that hits. */
    pick: (asked: Asked): Fault | undefined => {
      if (asked.header !== undefined) return parseFault(asked.header);
      for (const entry of rules) {
        if (!matches(entry.rule, asked) || !isHit(entry)) continue;
        entry.done += 1;
        return parseFault(entry.rule.kind, entry.rule.ms);
      }
      return undefined;
    },
  };
};
