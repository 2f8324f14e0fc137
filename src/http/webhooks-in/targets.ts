// Where webhooks go, remembered for a minute: asking each time was one of two statements of a webhook, and half of its latency.
// What is remembered may have been changed since, so nothing but acceptance rests on it, and that only as long as the row is
// stored at its version: a secret that was changed or an integration that was deleted counts from the next request on.
import { REMEMBERED_MS } from "../../crypto/data-keys.ts";
import { createMemory } from "../../crypto/memory.ts";
import { type Address, createFindTarget, nameOf, type Target, type TargetDeps } from "./target.ts";

const MOST_REMEMBERED = 10_000; // a target is some KB

/** What processes know of where webhooks go. */
export const createTargets = (deps: TargetDeps) => {
  const find = createFindTarget(deps);
  const memory = createMemory<string, Omit<Target, "key">>({ most: MOST_REMEMBERED, ms: REMEMBERED_MS });
  return {
    /** As it was at some time within the last minute. */
    recall: async (at: Address): Promise<Target | undefined> => {
      const found = memory.get(nameOf(at));
      // Keys have a minute of their own. When one is gone `find` says what is the matter.
      const key = found && (await deps.keys.ofEnvironment(found.environment).catch(() => undefined));
      return found && key && { ...found, key };
    },
    /** As it is. Undefined when the provider has no rule. */
    find: async (at: Address): Promise<Target | undefined> => {
      const since = performance.now();
      const target = await find(at);
      if (target === undefined) return undefined;
      const { key, ...rest } = target;
      memory.set(nameOf(at), rest, since);
      return target;
    },
  };
};
