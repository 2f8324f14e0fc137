// sql/59_auth_news.sql: what the app is told of connections that could not be made.
import assert from "node:assert/strict";
import { announceFailedConnection } from "../../src/db/auth.ts";
import { makeSync, sqlTests } from "../helpers/world.ts";

const REFUSED = { type: "access_denied", description: "the provider said no" };

sqlTests("news of connections", {
  "a connection that failed to be made is told of, also when there is none": async (w) => {
    const { environment, integration } = await makeSync(w);
    const name = await w.one("select unique_key from syncline.integrations where id = $1", [integration]);
    const asked = { environment, integration: name, operation: "creation", error: REFUSED, tags: { a: "b" } };
    const endUser = { id: "u1", email: "u@x.example" };
    assert.equal(
      await announceFailedConnection(w.db, { ...asked, connection: "never", endUser, authMode: "OAUTH2" }),
      1,
    );
    const [{ body, connection_id } = {}] = await w.q("select body, connection_id from syncline.outbox");
    assert.equal(connection_id, null);
    assert.partialDeepStrictEqual(body, {
      operation: "creation",
      success: false,
      connectionId: "never",
      providerConfigKey: name,
      authMode: "OAUTH2",
      tags: { a: "b" },
      endUser: { endUserId: "u1", endUserEmail: "u@x.example" },
      error: REFUSED,
    });
    await w.q("update syncline.environments set on_auth_creation = false where id = $1", [environment]);
    assert.equal(await announceFailedConnection(w.db, { ...asked, connection: "never", endUser: null }), 0);
    assert.equal(
      await announceFailedConnection(w.db, { ...asked, operation: "override", connection: "x", endUser: null }),
      1,
    );
  },
});
