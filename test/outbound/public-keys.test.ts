// The memory of public keys that providers sign with.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type TestContext, test } from "node:test";
import { createHttpClient } from "../../src/outbound/client.ts";
import { createFetchKeys } from "../../src/outbound/public-keys.ts";

const keyServer = async (t: TestContext) => {
  const state = { asked: 0, status: 200 };
  const server = createServer((_req, res) => {
    state.asked += 1;
    res.writeHead(state.status, { "content-type": "application/json" }).end(`{"n":${state.asked}}`);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` };
};

test("keys are fetched once for all who ask, for an hour, and anew at most once a minute; a failure counts for five seconds", async (t) => {
  const { state, url } = await keyServer(t);
  const http = createHttpClient({ allowPrivateHosts: ["127.0.0.0/8"] });
  t.after(() => http.close());
  t.mock.timers.enable({ apis: ["Date"], now: 0 });
  const fetchKeys = createFetchKeys(http);
  const fails = () => assert.rejects(fetchKeys(url), { code: "provider_unreachable" });
  state.status = 500;
  await fails();
  state.status = 200;
  await fails();
  assert.equal(state.asked, 1);
  t.mock.timers.tick(5_000);
  assert.deepEqual(await Promise.all([fetchKeys(url), fetchKeys(url), fetchKeys(url, true)]), Array(3).fill({ n: 2 }));
  t.mock.timers.tick(60_000);
  assert.deepEqual([await fetchKeys(url), await fetchKeys(url, true)], [{ n: 2 }, { n: 3 }]);
  t.mock.timers.tick(3_600_000);
  assert.deepEqual(await fetchKeys(url), { n: 4 });
});

test("keys that are not an hour old serve on while others cannot be fetched", async (t) => {
  const { state, url } = await keyServer(t);
  const http = createHttpClient({ allowPrivateHosts: ["127.0.0.0/8"] });
  t.after(() => http.close());
  t.mock.timers.enable({ apis: ["Date"], now: 0 });
  const fetchKeys = createFetchKeys(http);
  await fetchKeys(url);
  t.mock.timers.tick(60_000);
  state.status = 500;
  assert.deepEqual(
    [await fetchKeys(url, true), await fetchKeys(url), await fetchKeys(url, true)],
    Array(3).fill({ n: 1 }),
  );
  assert.equal(state.asked, 2);
  t.mock.timers.tick(3_600_000);
  await assert.rejects(fetchKeys(url), { code: "provider_unreachable" });
});

test("keys are not fetched from private addresses", async (t) => {
  const { state, url } = await keyServer(t);
  const http = createHttpClient({ allowPrivateHosts: [] });
  t.after(() => http.close());
  await assert.rejects(createFetchKeys(http)(url), { code: "host_not_allowed" });
  assert.equal(state.asked, 0);
});
