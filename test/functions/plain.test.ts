import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toPlain } from "../../src/functions/sdk/plain.ts";

test("any value crosses exactly as JSON would carry it", () => {
  const odd = fc.constantFrom(
    undefined,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    new Date(0),
    new Date(Number.NaN),
    () => 1,
    Symbol("s"),
  );
  const boxed = fc.constantFrom(Object(1), Object("a"), Object(true), new Map([[1, 2]]), new URL("https://a.example/"));
  const keys = fc.oneof(fc.string(), fc.constantFrom("__proto__", "toJSON", "id"));
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: "small" },
      fc.jsonValue(),
      odd,
      boxed,
      fc.array(tie("tree")),
      fc.dictionary(keys, tie("tree")),
    ),
  }));
  fc.assert(
    fc.property(tree, (value) => {
      const text = JSON.stringify(value);
      assert.equal(JSON.stringify(toPlain(value)), text);
      assert.equal(JSON.stringify(structuredClone(toPlain(value))), text);
    }),
    { numRuns: 300 },
  );
});

test("what needs no change is not copied, and the caller's object is never changed", () => {
  const row = { id: "1", nested: { list: [1, "a", null] } };
  assert.equal(toPlain(row), row);
  const dated = { id: "1", at: new Date(0), same: row };
  const plain = toPlain(dated) as Record<string, unknown>;
  assert.deepEqual(plain, { id: "1", at: "1970-01-01T00:00:00.000Z", same: row });
  assert.equal(plain.same, row);
  assert.ok(dated.at instanceof Date);
});

test("bigints and circles are errors, as in JSON", () => {
  const circle: Record<string, unknown> = {};
  circle.self = circle;
  assert.throws(() => toPlain({ a: 1n }), TypeError);
  assert.throws(() => toPlain(circle), TypeError);
});
