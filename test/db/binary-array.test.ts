// Arrays in binary form come back as they went in, whatever is in them.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { bigintArray, byteaArray, textArray } from "../../src/db/binary-array.ts";
import { createPool } from "../../src/db/pool.ts";
import { emptyDatabase } from "../helpers/database.ts";

const storable = fc.string({ unit: "binary" }).map((text) => text.replaceAll("\0", "").toWellFormed());

test("text, bytea and bigint arrays survive the way to the database and back", async (t) => {
  const { url } = await emptyDatabase(t);
  const pool = createPool({ url, max: 1, applicationName: "syncline test" });
  t.after(() => pool.end());
  const roundTrip = async (type: string, sent: Buffer): Promise<unknown> =>
    (await pool.query(`select to_jsonb($1::${type}) as back`, [sent])).rows[0].back;
  const orNull = <T>(one: fc.Arbitrary<T>) => fc.array(fc.option(one), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      orNull(storable),
      orNull(fc.uint8Array()),
      orNull(fc.maxSafeInteger()),
      async (texts, blobs, numbers) => {
        assert.deepEqual(await roundTrip("text[]", textArray(texts)), texts);
        const hex = blobs.map((blob) => (blob === null ? null : `\\x${Buffer.from(blob).toString("hex")}`));
        assert.deepEqual(await roundTrip("bytea[]", byteaArray(blobs)), hex);
        assert.deepEqual(await roundTrip("bigint[]", bigintArray(numbers)), numbers);
      },
    ),
    { numRuns: 50 },
  );
});

test("a number with a fraction is not a bigint", () => {
  assert.throws(() => bigintArray([1.5]), RangeError);
});
