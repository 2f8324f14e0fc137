// Acme's world: three tables, one clock that never stands still, seeded edits, and whoever listens to them.
import { type Fields, generatedAt, idOf, indexOf, KINDS, type Kind, type Row, type RowCounts } from "./kinds.ts";
import { createRandom } from "./random.ts";
import { createTable, type Table } from "./table.ts";

export type Clock = { now: () => number };
export type Action = "created" | "updated" | "deleted";
/** One edit that happened: `row` is the row after it, null when it was deleted; `fields` what was given, null when they were drawn. `at` is ISO time. */
export type Edit = { kind: Kind; action: Action; id: string; at: string; row: Row | null; fields: Fields | null };

/** How many seeded edits to make: of each action, or `count` of mixed ones (6 updates to 2 adds to 2 deletes). */
export type EditPlan = {
  kind?: Kind | undefined;
  add?: number | undefined;
  update?: number | undefined;
  delete?: number | undefined;
  count?: number | undefined;
};

export type World = ReturnType<typeof createWorld>;

/** Makes a world of generated rows. Nothing but edits is stored; the same seed and the same edits make the same world. */
export const createWorld = ({ seed, counts, clock }: { seed: number; counts: RowCounts; clock: Clock }) => {
  const listeners = new Set<(edit: Edit) => void>();

  const begin = () => ({
    tables: Object.fromEntries(KINDS.map((kind) => [kind, createTable({ seed, kind, counts })])) as Record<Kind, Table>,
    random: createRandom(seed, 0xed17),
    lastAt: Math.max(...KINDS.map((kind) => generatedAt(seed, kind, counts[kind] - 1))),
  });
  let state = begin();

  /** Real time, but at least a millisecond after the last edit: no two edits share a time. */
  const tick = () => {
    state.lastAt = Math.max(clock.now(), state.lastAt + 1);
    return state.lastAt;
  };

  const announce = (kind: Kind, action: Action, index: number, fields: Fields | null): Edit => {
    const row = action === "deleted" ? null : state.tables[kind].read(index);
    const edit = { kind, action, id: idOf(kind, index), at: new Date(state.lastAt).toISOString(), row, fields };
    for (const listener of listeners) listener(edit);
    return edit;
  };

  const liveIndex = (kind: Kind, id: string) => {
    const index = indexOf(kind, id);
    return state.tables[kind].isLive(index) ? index : undefined;
  };

  const addAt = (kind: Kind, fields?: Fields) =>
    announce(kind, "created", state.tables[kind].add(tick(), fields), fields ?? null);
  const changeAt = (kind: Kind, index: number, fields?: Fields) => {
    state.tables[kind].change(index, tick(), fields);
    return announce(kind, "updated", index, fields ?? null);
  };
  const removeAt = (kind: Kind, index: number) => {
    state.tables[kind].remove(index, tick());
    return announce(kind, "deleted", index, null);
  };

  const anyRow = (kind: Kind) => state.tables[kind].nth(state.random.below(state.tables[kind].count()));
  const editOne = (kind: Kind, action: Action): Edit => {
    if (action === "created" || state.tables[kind].count() === 0) return addAt(kind);
    return action === "updated" ? changeAt(kind, anyRow(kind)) : removeAt(kind, anyRow(kind));
  };

  /** Makes seeded edits now and returns them in order. An update or delete in an empty table adds a row instead. */
  const edit = (plan: EditPlan): Edit[] => {
    const actions: Action[] = [
      ...Array<Action>(plan.add ?? 0).fill("created"),
      ...Array<Action>(plan.update ?? 0).fill("updated"),
      ...Array<Action>(plan.delete ?? 0).fill("deleted"),
    ];
    for (let left = plan.count ?? 0; left > 0; left -= 1) {
      const draw = state.random.below(10);
      actions.push(draw < 6 ? "updated" : draw < 8 ? "created" : "deleted");
    }
    return actions.map((action) => editOne(plan.kind ?? "contacts", action));
  };

  return {
    edit,
    /** Adds a row of exactly these fields. */
    create: (kind: Kind, fields: Fields): Edit => addAt(kind, fields),
    /** Changes exactly these fields; undefined when there is no such row. */
    update: (kind: Kind, id: string, fields: Fields): Edit | undefined => {
      const index = liveIndex(kind, id);
      return index === undefined ? undefined : changeAt(kind, index, fields);
    },
    /** Deletes the row; undefined when there is no such row. */
    remove: (kind: Kind, id: string): Edit | undefined => {
      const index = liveIndex(kind, id);
      return index === undefined ? undefined : removeAt(kind, index);
    },
    /** Makes an edit of an earlier world again, at its time and without telling anybody. They must come in their order. */
    replay: ({ kind, action, id, at, fields }: Omit<Edit, "row">): void => {
      state.lastAt = Date.parse(at);
      const table = state.tables[kind];
      if (action === "created") table.add(state.lastAt, fields ?? undefined);
      else if (action === "updated") table.change(indexOf(kind, id), state.lastAt, fields ?? undefined);
      else table.remove(indexOf(kind, id), state.lastAt);
    },
    get: (kind: Kind, id: string): Row | undefined => {
      const index = liveIndex(kind, id);
      return index === undefined ? undefined : state.tables[kind].read(index);
    },
    /** All rows as they are now, by id. Edits while walking are seen when they lie ahead. */
    *rows(kind: Kind): Generator<Row> {
      const table = state.tables[kind];
      for (const { index } of table.list(-1)) yield table.read(index);
    },
    count: (kind: Kind): number => state.tables[kind].count(),
    table: (kind: Kind): Table => state.tables[kind],
    /** Calls `listener` at each edit, at once and in order; returns how to stop that. */
    onEdit: (listener: (edit: Edit) => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** Forgets all edits. Listeners stay. */
    reset: (): void => {
      state = begin();
    },
  };
};
