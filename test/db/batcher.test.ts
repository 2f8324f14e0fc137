// Many small requests, one statement.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type BatcherOptions, createBatcher } from "../../src/db/batcher.ts";

const recorded = (o: Partial<BatcherOptions<number, number>> = {}) => {
  const batches: number[][] = [];
  const work = async (items: number[]): Promise<number[]> => {
    batches.push(items);
    if (items.includes(13)) throw new Error("13 cannot be done");
    return items.map((item) => item * 2);
  };
  return { batches, ask: createBatcher<number, number>({ most: 100, everyMs: 0, work, ...o }) };
};

const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);

test("what comes while a batch is under way is the next batch, in order, and each gets its own result", async () => {
  const { batches, ask } = recorded({ most: 4 });
  assert.deepEqual(
    await Promise.all(numbers(10).map(ask)),
    numbers(10).map((n) => n * 2),
  );
  assert.deepEqual(batches, [
    [1, 2, 3, 4],
    [5, 6, 7, 8],
    [9, 10],
  ]);
  assert.equal(await ask(7), 14);
});

test("a batch holds no more than its weight, but one item of any", async () => {
  const { batches, ask } = recorded({ heaviest: 5, weigh: (item) => item });
  await Promise.all([1, 2, 9, 3, 2, 1].map(ask));
  assert.deepEqual(batches, [[1, 2], [9], [3, 2], [1]]);
});

test("an item that cannot be done fails alone", async () => {
  const { ask } = recorded();
  const results = await Promise.allSettled([12, 13, 14].map(ask));
  assert.deepEqual(
    results.map(({ status }) => status),
    ["fulfilled", "rejected", "fulfilled"],
  );
});
