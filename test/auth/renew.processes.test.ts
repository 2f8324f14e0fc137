// One expired token, many users of it in several processes.
import assert from "node:assert/strict";
import { test } from "node:test";
import { renewalWorld } from "./renewal-world.ts";

test("50 who use an expired token at once over 3 processes cause one refresh, and all get the new token", async (t) => {
  const { oidc, servers, connect, expire, get, proxy } = await renewalWorld(t, { count: 3 });
  const connection = await connect("one");
  const before = (await get(servers[0]!, "one")).body.credentials.access_token;
  assert.equal(oidc.counts.refresh_token, 0);
  for (const round of [1, 2]) {
    await expire(connection);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => {
        const server = servers[n % 3]!;
        return n % 2 === 0 ? get(server, "one") : proxy(server, "one");
      }),
    );
    assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
    const tokens = new Set(answers.flatMap(({ body }) => body.credentials?.access_token ?? []));
    assert.deepEqual([tokens.size, tokens.has(before)], [1, false]);
    assert.deepEqual([oidc.counts.refresh_token, oidc.counts.reuses, oidc.counts.refused], [round, 0, []]);
  }
});
