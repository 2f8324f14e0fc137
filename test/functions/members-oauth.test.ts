// What a function sees of OAuth credentials, its connection's and its integration's, and that none of it reaches the log.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createKeyring } from "../../src/crypto/keyring.ts";
import { credentialsPlace, integrationPlace } from "../../src/crypto/places.ts";
import { sealJson } from "../../src/crypto/seal.ts";
import { importConnection, setCredentials } from "../../src/db/connections.ts";
import { welcomeConnection } from "../../src/db/functions.ts";
import { createIntegration } from "../../src/db/integrations.ts";
import { TEST_MASTER_KEY, testEngine } from "../helpers/engine.ts";

const SECRETS = { client_id: "the client's id", client_secret: "the client's secret" };

const FILE = `
import { createSync } from "nango";
import * as z from "zod";
export default createSync({
  description: "d", frequency: "every day", autoStart: true, models: { Seen: z.looseObject({ id: z.string() }) },
  exec: async (nango) => {
    const token = await nango.getToken();
    const plain = (await nango.getConnection()).credentials;
    const whole = (await nango.getConnection(undefined, undefined, { refreshToken: true })).credentials;
    const { credentials } = await nango.getIntegration({ include: ["credentials"] });
    await nango.log("all of it", { token, whole, credentials });
    await nango.batchSave([{ id: "1", token, plain: Object.keys(plain), raw: Object.keys(plain.raw), whole: whole.refresh_token, credentials }], "Seen");
  },
});
`;

test("a token is given as such, a refresh token only when asked for, and the log shows neither", async (t) => {
  const { db, keys, environment, deploy, provider, startWorker, quiet, records } = await testEngine(t);
  const environmentKey = await keys.ofEnvironment(environment);
  await createIntegration(db.pool, {
    ...{ environment, uniqueKey: "acme2", provider: "acme-oauth2", displayName: "Acme 2", forwardWebhooks: true },
    credentialsSealed: sealJson(environmentKey, { type: "OAUTH2", ...SECRETS }, integrationPlace(environment, "acme2")),
    custom: {},
  });
  await deploy({ "acme2/syncs/seen.ts": FILE });
  const keyring = createKeyring({ masterKey: TEST_MASTER_KEY });
  const key = keyring.createDataKey();
  const { wrapped, master_key_id: masterKeyId } = key;
  const { id } = await importConnection(db.pool, {
    ...{ environment, integration: "acme2", connection: "one", authMode: "OAUTH2", wrapped, masterKeyId },
    ...{ connectionConfig: { baseUrl: provider.url }, metadata: {}, tags: {}, generatedTags: {} },
    ...{ endUser: null, webhookUrlOverride: null },
  });
  const tokens = { access_token: "an access token", refresh_token: "a refresh token" };
  await setCredentials(db.pool, {
    connection: id,
    sealed: sealJson(
      keyring.open(key),
      { type: "OAUTH2", ...tokens, raw: { ...tokens, scope: "all" } },
      credentialsPlace(environment, "acme2", "one"),
    ),
    expireAt: null,
  });
  await welcomeConnection(db.pool, { connection: id, isNew: true });
  const worker = await startWorker();
  await quiet();
  await worker.stop(); // writes the log out
  const [row] = await records(id, "Seen");
  const { _nango_metadata, ...seen } = row ?? assert.fail();
  assert.deepEqual(seen, {
    ...{ id: "1", token: tokens.access_token, plain: ["type", "access_token", "raw"], whole: tokens.refresh_token },
    raw: ["access_token", "scope"],
    credentials: { type: "OAUTH2", ...SECRETS, scopes: null, webhook_secret: null },
  });
  const log = JSON.stringify(await db.query("select message, detail from syncline.logs"));
  assert.match(log, /all of it/);
  for (const secret of [...Object.values(tokens), ...Object.values(SECRETS)]) assert.ok(!log.includes(secret), secret);
});
