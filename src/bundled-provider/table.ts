// All rows of one kind: generated ones on the fly, plus an overlay of what was added, changed and deleted.
// Promise: memory grows with edits, never with rows; every question costs the logarithm of the edits plus what it returns.
// Times of edits are later than all generated ones and all different, so the order of changes is: generated rows nobody
// touched, by index; then edited rows, by time.
import { type Fields, firstIndexAt, generatedAt, idOf, type Kind, type Row, type RowCounts } from "./kinds.ts";
import { hash } from "./random.ts";
import { generateRow } from "./rows.ts";
import { contains, countUpTo, countWhile, insert, nthOutside, type Place } from "./sorted.ts";

/** `version` counts all changes; `revision` counts the seeded ones, which make the row's generated fields new. */
type Edited = { at: number; createdAt: number; version: number; revision: number; isBlank: boolean; fields: Fields };

const DAY_MS = 86_400_000;
const READ_ONLY = ["id", "created_at", "updated_at", "version"];
const writable = (fields: Fields = {}): Fields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !READ_ONLY.includes(name)));

export type Table = ReturnType<typeof createTable>;

/** A table of `counts[kind]` generated rows. Indexes of deleted rows are never used again. */
export const createTable = ({ seed, kind, counts }: { seed: number; kind: Kind; counts: RowCounts }) => {
  const generated = counts[kind];
  const overlay = new Map<number, Edited>();
  const deletedIndexes: number[] = [];
  const touchedIndexes: number[] = []; // generated rows that were changed or deleted
  const edits: Place[] = []; // one per row in the overlay
  const deletions: Place[] = [];
  let end = generated;

  const isLive = (index: number) => index >= 0 && index < end && !contains(deletedIndexes, index);
  const count = () => end - deletedIndexes.length;

  const read = (index: number): Row => {
    const edited = overlay.get(index);
    const at = edited?.at ?? generatedAt(seed, kind, index);
    const createdAt = edited?.createdAt ?? at - (hash(seed, index, 0xb1) % 365) * DAY_MS;
    const row = { kind, index, revision: edited?.revision ?? 0 };
    const made = edited?.isBlank ? { id: idOf(kind, index) } : generateRow({ seed, counts }, row);
    // Assigned, not spread: spreading makes an object that JSON.stringify takes twice as long for.
    return Object.assign(made, edited?.fields, {
      version: edited?.version ?? 1,
      created_at: new Date(createdAt).toISOString(),
      updated_at: new Date(at).toISOString(),
    });
  };

  const forgetEdit = (index: number) => {
    const edited = overlay.get(index);
    if (edited) edits.splice(countUpTo(edits, { at: edited.at, index }) - 1, 1);
    overlay.delete(index);
    if (index < generated) insert(touchedIndexes, index);
    return edited;
  };

  /** Adds a row: with `fields` exactly those, without them a generated one. Returns its index. */
  const add = (at: number, fields?: Fields): number => {
    const index = end++;
    const isBlank = fields !== undefined;
    overlay.set(index, { at, createdAt: at, version: 1, revision: 0, isBlank, fields: writable(fields) });
    edits.push({ at, index });
    return index;
  };

  /** Changes a live row: with `fields` exactly those, without them its generated fields take their next revision. */
  const change = (index: number, at: number, fields?: Fields): void => {
    const createdAt = Date.parse(read(index).created_at);
    const before = forgetEdit(index);
    overlay.set(index, {
      at,
      createdAt,
      version: (before?.version ?? 1) + 1,
      revision: (before?.revision ?? 0) + (fields ? 0 : 1),
      isBlank: before?.isBlank ?? false,
      fields: { ...before?.fields, ...writable(fields) },
    });
    edits.push({ at, index });
  };

  const remove = (index: number, at: number): void => {
    forgetEdit(index);
    insert(deletedIndexes, index);
    deletions.push({ at, index });
  };

  /** Live indexes above `after`, rising. Safe to go on with after edits. */
  function* list(after: number): Generator<Place> {
    for (let index = after + 1; index < end; index += 1) if (isLive(index)) yield { at: 0, index };
  }

  /** Live rows changed after `place`, in the order of changes. To be read before the next edit. */
  function* changes(place: Place): Generator<Place> {
    const first = Math.max(firstIndexAt(seed, kind, place.at), place.index + 1);
    const isAmongEdits = place.at > generatedAt(seed, kind, generated - 1);
    for (let index = isAmongEdits ? generated : first; index < generated; index += 1) {
      if (!contains(touchedIndexes, index)) yield { at: generatedAt(seed, kind, index), index };
    }
    for (let position = countUpTo(edits, place); position < edits.length; position += 1) yield edits[position]!;
  }

  const untouchedSince = (at: number) => {
    const first = Math.min(firstIndexAt(seed, kind, at), generated);
    return { first, count: generated - first - (touchedIndexes.length - countWhile(touchedIndexes, (i) => i < first)) };
  };
  const editsBefore = (at: number) => countWhile(edits, (edit) => edit.at < at);

  return {
    isLive,
    count,
    read,
    add,
    change,
    remove,
    list,
    changes,
    /** The index of the live row that has `offset` live rows before it. */
    nth: (offset: number): number => nthOutside(deletedIndexes, { from: 0, steps: offset }),
    countChanges: (since: number): number => untouchedSince(since).count + edits.length - editsBefore(since),
    /** The place of the row that has `offset` rows before it among those changed at `since` or later. */
    nthChange: (since: number, offset: number): Place | undefined => {
      const untouched = untouchedSince(since);
      if (offset >= untouched.count) return edits[editsBefore(since) + offset - untouched.count];
      const index = nthOutside(touchedIndexes, { from: untouched.first, steps: offset });
      return { at: generatedAt(seed, kind, index), index };
    },
    /** Deletions after `place`, in the order they happened. */
    deletionsAfter: (place: Place, limit: number): Place[] => {
      const first = countUpTo(deletions, place);
      return deletions.slice(first, first + limit);
    },
  };
};
