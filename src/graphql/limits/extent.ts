// How large a document is, found in one walk before it is validated: validating takes time with the square of what
// is repeated, and with everything that fragments hide.
import { type DocumentNode, type FragmentDefinitionNode, Kind, type SelectionNode } from "postgraphile/graphql";
import { AppError } from "../../errors.ts";
import type { Limits } from "./limits.ts";
import { tooMuch } from "./refuse.ts";

type Extent = { fields: number; objects: number; depth: number; aliases: number; directives: number };

const NOTHING: Extent = { fields: 0, objects: 0, depth: 0, aliases: 0, directives: 0 };

const sum = (one: Extent, other: Extent): Extent => ({
  fields: one.fields + other.fields,
  objects: one.objects + other.objects,
  depth: Math.max(one.depth, other.depth),
  aliases: one.aliases + other.aliases,
  directives: one.directives + other.directives,
});

/** Extents of selections. Each fragment is walked once, so one that doubles itself a hundred times costs no more. */
const createExtents = (fragments: Map<string, FragmentDefinitionNode>) => {
  const known = new Map<string, Extent | "open">();

  const ofFragment = (name: string): Extent => {
    const found = known.get(name);
    if (found === "open") throw new AppError("query_invalid", `The fragment "${name}" spreads itself.`);
    const fragment = fragments.get(name);
    if (found !== undefined || fragment === undefined) return found ?? NOTHING; // validation names unknown ones
    known.set(name, "open");
    const extent = sum(ofAll(fragment.selectionSet.selections), {
      ...NOTHING,
      directives: fragment.directives?.length ?? 0,
    });
    known.set(name, extent);
    return extent;
  };

  const ofOne = (node: SelectionNode): Extent => {
    const directives = node.directives?.length ?? 0;
    if (node.kind === Kind.FRAGMENT_SPREAD) return sum(ofFragment(node.name.value), { ...NOTHING, directives });
    const inner = ofAll(node.selectionSet?.selections ?? []);
    if (node.kind === Kind.INLINE_FRAGMENT) return sum(inner, { ...NOTHING, directives });
    return {
      fields: inner.fields + 1,
      objects: inner.objects + (node.selectionSet === undefined ? 0 : 1),
      depth: inner.depth + 1,
      aliases: inner.aliases + (node.alias === undefined ? 0 : 1),
      directives: inner.directives + directives,
    };
  };

  const ofAll = (nodes: readonly SelectionNode[]): Extent => {
    let extent = NOTHING;
    for (const node of nodes) extent = sum(extent, ofOne(node));
    return extent;
  };
  return { ofAll, ofFragment };
};

const rootFieldsOf = (nodes: readonly SelectionNode[], fragments: Map<string, FragmentDefinitionNode>): number => {
  const known = new Map<string, number>();
  const count = (selections: readonly SelectionNode[]): number => {
    let fields = 0;
    for (const node of selections) {
      if (node.kind === Kind.FIELD) fields += 1;
      else if (node.kind === Kind.INLINE_FRAGMENT) fields += count(node.selectionSet.selections);
      else fields += countFragment(node.name.value);
    }
    return fields;
  };
  const countFragment = (name: string): number => {
    const fields = known.get(name) ?? count(fragments.get(name)?.selectionSet.selections ?? []);
    known.set(name, fields);
    return fields;
  };
  return count(nodes);
};

/** Throw `query_limit_exceeded` when a document is larger than allowed, and `query_invalid` when fragments go round. */
export const checkExtent = (document: DocumentNode, limits: Limits): void => {
  const fragments = new Map<string, FragmentDefinitionNode>();
  for (const node of document.definitions)
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node);
  const refuseAbove = (limit: keyof Limits, found: number, how: string) => {
    if (found > limits[limit]) throw tooMuch(limits, limit, found, how);
  };
  const { definitions } = document;
  const most = (what: string, max: number) => `The document has more than ${max} ${what}`;
  refuseAbove("fragments", definitions.length, `${most("definitions", limits.fragments)}: send only what is used.`);
  const extents = createExtents(fragments);
  let all = NOTHING;
  for (const node of definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) {
      extents.ofFragment(node.name.value); // also those that nothing spreads may go round
    } else if (node.kind === Kind.OPERATION_DEFINITION) {
      const { selections } = node.selectionSet;
      const directives = node.directives?.length ?? 0;
      all = sum(all, sum(extents.ofAll(selections), { ...NOTHING, directives }));
      const how = `The operation has more than ${limits.rootFields} fields at the top: ask in several requests.`;
      refuseAbove("rootFields", rootFieldsOf(selections, fragments), how);
    }
  }
  refuseAbove("depth", all.depth, `The query is deeper than ${limits.depth} fields: follow fewer relations at once.`);
  refuseAbove("aliases", all.aliases, `${most("aliases", limits.aliases)}: use filters and lists instead of aliases.`);
  refuseAbove("directives", all.directives, `${most("directives", limits.directives)}: ask in several requests.`);
  refuseAbove(
    "objects",
    all.objects,
    `${most("fields with fields of their own", limits.objects)}: ask in several requests.`,
  );
  refuseAbove("fields", all.fields, `${most("fields", limits.fields)}: ask for fewer, or in several requests.`);
};
