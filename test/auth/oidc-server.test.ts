import assert from "node:assert/strict";
import { test } from "node:test";
import { startOidc } from "../helpers/oidc.ts";

test("the tests' OpenID server replaces refresh tokens, and ends the grant of one that is used twice", async (t) => {
  const oidc = await startOidc(t, { accessTokenSeconds: 60 });
  const { access_token, refresh_token, expires_in } = await oidc.grant();
  assert.equal(expires_in, 60);
  const asApi = (token: string) => fetch(`${oidc.issuer}/api/me`, { headers: { authorization: `Bearer ${token}` } });
  assert.equal((await asApi(access_token)).status, 200);

  const refresh = async (token: string) => {
    const body = new URLSearchParams({ ...oidc.client, grant_type: "refresh_token", refresh_token: token });
    const response = await fetch(`${oidc.issuer}/token`, { method: "POST", body });
    return {
      status: response.status,
      body: (await response.json()) as { refresh_token: string; access_token: string },
    };
  };
  const second = await refresh(refresh_token);
  assert.equal(second.status, 200);
  assert.notEqual(second.body.refresh_token, refresh_token);
  assert.equal((await refresh(refresh_token)).status, 400);
  assert.equal((await refresh(second.body.refresh_token)).status, 400);
  assert.equal((await asApi(second.body.access_token)).status, 401);
  assert.equal(oidc.counts.reuses, 1);
  assert.deepEqual([oidc.counts.authorization_code, oidc.counts.refresh_token], [1, 1]);

  const denied = await oidc.clickThrough(
    `${oidc.issuer}/auth?${new URLSearchParams({
      client_id: oidc.client.client_id,
      response_type: "code",
      scope: "openid",
      redirect_uri: "http://127.0.0.1:1/callback",
      code_challenge: "x".repeat(43),
      code_challenge_method: "S256",
    })}`,
    "deny",
  );
  assert.equal(denied.searchParams.get("error"), "access_denied");
});
