// sql/54_access.sql: API keys.
import assert from "node:assert/strict";
import { createApiKey, findEnvironmentByKey, listApiKeys, revokeApiKey } from "../../src/db/api-keys.ts";
import { hashApiKey } from "../../src/db/ensure-environments.ts";
import { makeSync, sqlTests, type World } from "../helpers/world.ts";

const make = (w: World, environment: number, key: string, scopes = ["environment:*"]) =>
  createApiKey(w.db, { environment, keyHash: hashApiKey(key), displayName: key, scopes });
const find = (w: World, key: string) => findEnvironmentByKey(w.db, { keyHash: hashApiKey(key) });

sqlTests("54_access", {
  "a key acts for its environment with its scopes until it is revoked": async (w) => {
    const { environment } = await makeSync(w);
    const { id } = await make(w, environment, "a", ["environment:records:read"]);
    const found = await find(w, "a");
    assert.deepEqual([found?.id, found?.key_id, found?.scopes], [environment, id, ["environment:records:read"]]);
    await revokeApiKey(w.db, { environment, id });
    assert.equal(await find(w, "a"), null);
    await w.refuses("SL002", /no such API key/, () => revokeApiKey(w.db, { environment, id }));
  },
  "keys are listed and revoked by their own environment, or by whoever may name any": async (w) => {
    const [{ environment: one }, { environment: two }] = [await makeSync(w), await makeSync(w)];
    const { id } = await make(w, one, "a");
    await make(w, two, "b");
    const names = async (environment: number | null) =>
      (await listApiKeys(w.db, { environment: environment as number })).map((key) => key.display_name);
    assert.deepEqual([await names(one), await names(two), await names(null)], [["a"], ["b"], ["a", "b"]]);
    await w.refuses("SL002", /no such API key/, () => revokeApiKey(w.db, { environment: two, id }));
    await revokeApiKey(w.db, { environment: null as never, id });
    assert.deepEqual(await names(null), ["b"]);
  },
  "a key may do something, has a name, and belongs to an environment that is there": async (w) => {
    const { environment } = await makeSync(w);
    await w.refuses("23514", /may_do_something/, () => make(w, environment, "a", []));
    await w.refuses("23514", /display_name/, () => make(w, environment, ""));
    await w.refuses("SL002", /no such environment/, () => make(w, environment + 1, "a"));
  },
});
