// sql/56_environment_variable.sql: settings and secrets of an environment.
import assert from "node:assert/strict";
import {
  deleteEnvironmentVariable,
  listEnvironmentVariables,
  setEnvironmentVariable,
} from "../../src/db/environment-variables.ts";
import { makeSync, sqlTests, type World } from "../helpers/world.ts";

const listed = async (w: World, environment: number) =>
  (await listEnvironmentVariables(w.db, { environment })).map((one) => [one.name, String(one.value_sealed)]);

sqlTests("56_environment_variable", {
  "a variable has the value it was given last, in its environment only": async (w) => {
    const [{ environment }, { environment: other }] = [await makeSync(w), await makeSync(w)];
    const set = (name: string, text: string) =>
      setEnvironmentVariable(w.db, { environment, name, valueSealed: Buffer.from(text) });
    assert.deepEqual([await set("B", "1"), await set("A", "2"), await set("B", "3")], [true, true, false]);
    assert.deepEqual(await listed(w, environment), [
      ["A", "2"],
      ["B", "3"],
    ]);
    assert.deepEqual(await listed(w, other), []);
    assert.equal(await deleteEnvironmentVariable(w.db, { environment: other, name: "A" }), false);
    assert.equal(await deleteEnvironmentVariable(w.db, { environment, name: "A" }), true);
    assert.deepEqual(await listed(w, environment), [["B", "3"]]);
  },
  "a name is a text of 1 to 255 characters": async (w) => {
    const { environment } = await makeSync(w);
    const set = (name: string) => setEnvironmentVariable(w.db, { environment, name, valueSealed: Buffer.from("x") });
    for (const name of ["", "x".repeat(256), null as never]) await w.refuses("SL004", /name/, () => set(name));
    assert.equal(await set("x".repeat(255)), true);
  },
});
