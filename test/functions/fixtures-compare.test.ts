// What is said when a run did not do what its fixture says; and at what time a recording was made.
import assert from "node:assert/strict";
import { test } from "node:test";
import { clockShift } from "../../src/functions/fixtures/clock.ts";
import { syncProblems, type Written } from "../../src/functions/fixtures/compare.ts";
import { parseFixture, type Row } from "../../src/functions/fixtures/fixture.ts";

type Case = { save?: Row[]; remove?: Row[]; stored: Row[]; written?: [Written["method"], Row[]][] };

const problemsOf = ({ save, remove, stored, written = [["batchSave", stored]] }: Case): string[] => {
  const nango = { ...(save && { batchSave: { Item: save } }), ...(remove && { batchDelete: { Item: remove } }) };
  return syncProblems(
    { nango, api: {} },
    {
      stored: new Map([["Item", stored]]),
      written: written.map(([method, rows]) => ({ method, model: "Item", rows })),
    },
  );
};

test("records are the same whatever the order of their keys and the type of their ids", () => {
  assert.deepEqual(problemsOf({ save: [{ id: 1, a: 1, b: 2 }], stored: [{ b: 2, a: 1, id: "1" }] }), []);
});

test("what differs is named by record and path", () => {
  const save = [{ id: "1", address: { cities: ["Rome", "Paris"] } }, { id: "2" }];
  const stored = [{ id: "1", address: { cities: ["Rome", "Oslo"] } }, { id: "3" }];
  assert.deepEqual(problemsOf({ save, stored }), [
    'Item 1: address.cities[1]: expected "Paris", got "Oslo"',
    "Item 2: is missing",
    "Item 3: is stored and not expected",
  ]);
});

test("of an id in two batches the last row must be stored; of an id twice in one batch either may be", () => {
  const rows = [
    { id: "1", v: 1 },
    { id: "1", v: 2 },
  ];
  const [first, last] = rows as Row[] as [Row, Row];
  const apart: Case["written"] = [
    ["batchSave", [first]],
    ["batchSave", [last]],
  ];
  assert.deepEqual(problemsOf({ save: rows, stored: [last], written: apart }), []);
  assert.equal(problemsOf({ save: rows, stored: [first], written: apart }).length, 1);
  assert.deepEqual(problemsOf({ save: rows, stored: [first], written: [["batchSave", rows]] }), []);
  assert.deepEqual(problemsOf({ save: [last], stored: [first], written: [["batchSave", rows]] }), []);
});

test("a record that is expected several times was saved so often, each time as expected", () => {
  const [first, last] = [
    { id: "1", v: 1 },
    { id: "1", v: 2 },
  ] as [Row, Row];
  const once = { stored: [last], written: [["batchSave", [last]]] } satisfies Partial<Case>;
  const twice = {
    stored: [last],
    written: [
      ["batchSave", [first]],
      ["batchSave", [last]],
    ],
  } satisfies Partial<Case>;
  assert.deepEqual(problemsOf({ save: [last, last], ...once }), ["Item 1: is expected 2x, was saved 1x"]);
  assert.deepEqual(problemsOf({ save: [{ id: "1", v: 9 }, last], ...twice }), ["Item 1: v: expected 9, got 1"]);
  assert.deepEqual(problemsOf({ save: [first, last], ...twice }), []);
});

test("rows without an id, which no store has, are those that were saved: none more, none less", () => {
  const rows: Row[] = [{ v: 1 }, { v: 2 }];
  const problems = (batchSave: { [model: string]: Row[] }) => {
    const written: Written[] = [{ method: "batchSave", model: "Item", rows, unstored: rows }];
    return syncProblems({ nango: { batchSave }, api: {} }, { stored: new Map([["Item", []]]), written });
  };
  assert.deepEqual(problems({ Item: rows }), []);
  for (const Item of [[{ v: 2 }], [{ v: 1 }, { v: 3 }], [...rows, { v: 2 }], []]) {
    assert.equal(problems({ Item }).length, 1, JSON.stringify(Item));
  }
});

test("a record that was saved and then deleted must be gone", () => {
  const written: Case["written"] = [
    ["batchSave", [{ id: "1", v: 1 }]],
    ["batchDelete", [{ id: "1" }]],
  ];
  const expected = { save: [{ id: "1", v: 1 }], remove: [{ id: "1" }], written };
  assert.deepEqual(problemsOf({ ...expected, stored: [] }), []);
  assert.deepEqual(problemsOf({ ...expected, save: [], stored: [] }), ["Item 1: was saved and is not expected"]);
  assert.deepEqual(problemsOf({ ...expected, stored: [{ id: "1", v: 1 }] }), [
    "Item 1: was deleted and is there still",
  ]);
  assert.deepEqual(problemsOf({ ...expected, remove: [{ id: "2" }], stored: [] }), [
    'batchDelete Item[0].id: expected "2", got "1"',
  ]);
});

test("a model with an empty list must be empty; without any expectation of records anything may be stored", () => {
  assert.equal(problemsOf({ save: [], stored: [{ id: "1" }] }).length, 1);
  assert.deepEqual(problemsOf({ stored: [{ id: "1" }] }), []);
});

test("the time of a recording is told from texts that differ in times only, the finest of them first", () => {
  const hour = 3_600_000;
  assert.equal(
    clockShift([{ recorded: "since 2026-01-01T01:00:00.250Z", got: "since 2026-01-01T00:00:00.000Z" }]),
    hour + 250,
  );
  assert.equal(clockShift([{ recorded: "[1767225600]", got: "[1767222000]" }]), hour);
  const mixed = [{ recorded: "2026-01-02 1767229200123", got: "2026-01-01 1767225600000" }];
  assert.equal(clockShift(mixed), hour + 123);
  assert.equal(clockShift([{ recorded: "a 2026-01-01", got: "b 2026-01-02" }]), undefined);
  assert.equal(clockShift([{ recorded: "2026-01-01", got: "2026-01-01" }]), undefined);
});

test("a fixture that cannot be one says what is wrong", () => {
  assert.throws(() => parseFixture("[]"), /must be a JSON object/);
  assert.throws(
    () => parseFixture('{"nango":{"batchSave":{"Item":[1]}}}'),
    /"nango.batchSave.Item" must be a list of rows/,
  );
  assert.throws(() => parseFixture('{"clock":"soon"}'), /"clock" must be a time/);
  assert.deepEqual(parseFixture('\uFEFF{"nango":null,"checkpoint":null}'), { nango: {}, api: {} });
});
