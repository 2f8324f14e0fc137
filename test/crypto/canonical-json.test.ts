// Canonical JSON: equal contents have one text, different contents have two.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalJson } from "../../src/crypto/canonical-json.ts";

const shuffled = (value: unknown): unknown => {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map(shuffled);
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, shuffled(inner)]),
  );
};

test("the order of keys makes no difference at any depth, and the content is kept", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      assert.equal(canonicalJson(shuffled(value)), canonicalJson(value));
      assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)));
    }),
  );
});

test("the order of an array is content", () => {
  assert.notEqual(canonicalJson([1, 2]), canonicalJson([2, 1]));
});

test("a key named __proto__ is content like any other", () => {
  const value = JSON.parse('{"a":1,"__proto__":{"b":2}}');
  assert.equal(canonicalJson(value), '{"__proto__":{"b":2},"a":1}');
});
