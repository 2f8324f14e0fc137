// Edits between pages: after each page served, some seeded edits, as if users kept working while a sync reads.

import type { Kind } from "./kinds.ts";
import type { EditPlan, World } from "./world.ts";

/** The edits after each page; `kind` defaults to the page's own; `times` is for how many pages, default all. */
export type BetweenPages = EditPlan & { times?: number | undefined };

export const createBetweenPages = ({ world }: { world: World }) => {
  let plan: BetweenPages | null = null;
  let left = 0;

  return {
    /** Starts with a plan, or stops with null. */
    set: (next: BetweenPages | null): void => {
      plan = next;
      left = next?.times ?? Number.POSITIVE_INFINITY;
    },
    /** To be called when a page of this kind was made and before it is sent. */
    afterPage: (kind: Kind): void => {
      if (!plan || left <= 0) return;
      left -= 1;
      world.edit({ ...plan, kind: plan.kind ?? kind });
    },
  };
};
