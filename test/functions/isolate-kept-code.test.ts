// Scripts kept between processes: the same as long as their inputs are, and never a wrong one.
import assert from "node:assert/strict";
import { readdirSync, rmSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import { type TestContext, test } from "node:test";
import { keptScript } from "../../src/functions/isolate-kept-code.ts";
import { folder } from "./isolates.ts";

/** As if it had been saved a while ago. */
const age = (file: string): void => utimesSync(file, 1, 1);

/** `ask` gives the code that `build` would give now, or the one kept; `builds` counts. */
const keeping = async (t: TestContext) => {
  const dir = await folder(t, { "a.ts": "a", "b.ts": "b" });
  const kept = await folder(t, {});
  const inputs = ["a.ts", "b.ts"].map((name) => path.join(dir, name));
  inputs.forEach(age);
  const seen = { builds: 0, during: () => {} };
  const build = async () => {
    seen.builds += 1;
    seen.during();
    return { script: { code: `build ${seen.builds}`, cachedData: Buffer.from("v8"), filename: "x.cjs" }, inputs };
  };
  const ask = async (place: string | undefined = kept) => (await keptScript(place, "x", build)).code;
  return { ask, kept, inputs, build, seen };
};

test("a script is built once for all processes that share a folder, with its code cache", async (t) => {
  const { ask, kept, build, seen } = await keeping(t);
  assert.deepEqual([await ask(), await ask()], ["build 1", "build 1"]);
  const { cachedData, filename } = await keptScript(kept, "x", build);
  assert.deepEqual([Buffer.from(cachedData).toString(), filename, seen.builds], ["v8", "x.cjs", 1]);
});

test("it is built again when an input changed or is gone, and when what is kept is damaged", async (t) => {
  const { ask, kept, inputs } = await keeping(t);
  await ask();
  writeFileSync(inputs[1]!, "changed");
  age(inputs[1]!);
  assert.equal(await ask(), "build 2");
  const [place = ""] = readdirSync(kept);
  truncateSync(path.join(kept, place), 40);
  assert.deepEqual([await ask(), await ask()], ["build 3", "build 3"]);
  assert.deepEqual(readdirSync(kept), [place]);
  rmSync(inputs[0]!);
  assert.equal(await ask(), "build 4");
});

test("it is not kept when an input is saved while it is built", async (t) => {
  const { ask, inputs, seen } = await keeping(t);
  seen.during = () => writeFileSync(inputs[1]!, "saved meanwhile");
  assert.equal(await ask(), "build 1");
  seen.during = () => {};
  age(inputs[1]!);
  assert.deepEqual([await ask(), await ask()], ["build 2", "build 2"]);
});

test("where nothing can be kept it is built each time, and nothing fails", async (t) => {
  const { ask } = await keeping(t);
  assert.deepEqual([await ask("/nowhere/at/all"), await ask("/nowhere/at/all")], ["build 1", "build 2"]);
  const { build } = await keeping(t);
  assert.equal((await keptScript(undefined, "x", build)).code, "build 1");
});
