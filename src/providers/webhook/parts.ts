// The events of a webhook, and whom each is about.
import { sortBy } from "es-toolkit/array/sortBy";
import type { WebhookRule } from "./rule.ts";
import type { Lookup, Part, WebhookRequest } from "./types.ts";
import { firstText, isMet, type Material, textsOf, valuesAt } from "./values.ts";

type Item = { value: unknown; at: (string | number)[] };

const lookupsOf = ({ lookups }: WebhookRule, material: Material): Lookup[] => {
  const found: Lookup[] = [];
  for (const { by, value: sources = [] } of lookups) {
    if (by === "all") {
      if (found.length === 0) found.push({ by });
      continue;
    }
    const value = firstText(sources, material);
    if (value !== undefined) found.push({ by, value });
  }
  return found;
};

const itemsOf = ({ split }: WebhookRule, material: Material): Item[] => {
  if (split === undefined) return [{ value: material.body, at: [] }];
  const [array] = valuesAt(material.body, split.at);
  if (!Array.isArray(array)) return [];
  const { first, orderBy, skip } = split;
  const items = array.map((value, index) => ({
    value,
    at: [...split.at, index],
    material: { ...material, part: value },
  }));
  const kept = items.filter((item) => skip === undefined || !isMet(skip, item.material));
  if (orderBy === undefined) return kept;
  return sortBy(kept, [
    ({ value }) => valuesAt(value, orderBy)[0],
    (item) => (first && isMet(first, item.material) ? 0 : 1),
  ]);
};

/** The parts of a webhook in the order in which they are to be handled. */
export const partsOf = (rule: WebhookRule, { headers, query }: WebhookRequest, body: unknown): Part[] => {
  const whole: Material = { body, part: body, headers, query };
  return itemsOf(rule, whole).map(({ value, at }) => {
    const material = { ...whole, part: value };
    const events = new Set(rule.events.flatMap((source) => textsOf(source, material)));
    return { events: [...events], lookups: lookupsOf(rule, material), from: rule.from, at };
  });
};
