// Promise: a session at BILL is had with name, password, organization and developer key, and known to end.
import assert from "node:assert/strict";
import { test } from "node:test";
import { obtain } from "../../../src/auth/obtain.ts";
import { hasCode } from "../../../src/errors.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import { json, startServer } from "../../outbound/server.ts";
import { at, contextOf } from "./world.ts";

const GIVEN: Credentials = {
  type: "BILL",
  username: "u@example.com",
  password: "p",
  organization_id: "008x",
  dev_key: "dev-key",
};

test("a login brings a session for 35 minutes, and its refusal does not repeat what was sent", async (t) => {
  const server = await startServer(t, ({ body, headers }, response) => {
    const { username, password, organizationId, devKey } = JSON.parse(body.toString());
    const isRight = headers["content-type"] === "application/json" && password === "p";
    if (isRight && username === "u@example.com" && organizationId === "008x" && devKey === "dev-key")
      return json(response, 200, { sessionId: "s1", organizationId, userId: "006u", trusted: false });
    json(response, 400, [{ code: "BDC_1109", message: `No user ${username} with key dev-key` }]);
  });
  const ask = (given: Credentials) => obtain(contextOf({ auth_mode: "BILL", token_url: server.url }, given));
  const { credentials } = await ask({ ...GIVEN, session_id: "old" } as Credentials);
  const { raw, ...rest } = credentials as Extract<Credentials, { type: "BILL" }>;
  assert.deepEqual(rest, { ...GIVEN, session_id: "s1", user_id: "006u", expires_at: at(35 * 60_000) });
  assert.equal(raw?.trusted, false);
  await assert.rejects(ask({ ...GIVEN, password: "q" } as Credentials), (error: Error) => {
    assert.ok(hasCode(error, "refresh_token_external_error"));
    assert.equal(error.message, "Test gave no token, status 400: BDC_1109 (No user *** with key ***)");
    return true;
  });
});
