// What an attacker may put into parameters, pages, sessions and sockets when people connect: each is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertRefused, attackWorld, PUBLIC } from "./oauth-attack-world.ts";
import { newBrowser, newSession, newSocket, type Page } from "./oauth-world.ts";

const PROBE = `"><script>alert(1)</script><img src=x onerror=alert(1)>'`;

const assertGuarded = ({ headers }: Page): void => {
  const named = ["x-frame-options", "referrer-policy", "cache-control", "cross-origin-opener-policy"];
  assert.deepEqual(
    named.map((name) => headers.get(name)),
    ["DENY", "no-referrer", "no-store", "unsafe-none"],
  );
};

test("attacks on connecting: parameters, pages, sessions and sockets", async (t) => {
  const { oidc, api, leave, comeBack, begin, open, madeNothing, withParam, countConnections } = await attackWorld(t);

  await t.test("no parameter and no header leads anywhere else (open redirect)", async () => {
    const token = await newSession(api);
    for (const name of ["redirect_uri", "return_to", "next", "url"])
      assertRefused(
        await open("openid", { connect_session_token: token, [name]: "https://evil.example" }),
        "invalid_query_params",
      );
    const games = { host: "evil.example", "x-forwarded-host": "evil.example", forwarded: "host=evil.example" };
    const { location } = await open("openid", { connect_session_token: token }, games);
    assert.equal(location?.origin, oidc.issuer);
    assert.equal(location?.searchParams.get("redirect_uri"), `${PUBLIC}/oauth/callback`);
    const { browser, back } = await begin();
    const page = await comeBack(browser, withParam(back, "redirect_uri", "https://evil.example"));
    assert.deepEqual([page.status, page.location], [200, null]);
  });

  await t.test("authorization_params override nothing that is ours", async () => {
    const names = ["client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method", "response_type"];
    const all = [...names, "response_mode", "request", "request_uri", "client_secret", " State", "REDIRECT_URI"];
    const evil = Object.fromEntries(all.map((name) => [`authorization_params[${name}]`, "evil"]));
    const injected = {
      "authorization_params[prompt]": "login&client_id=evil#state=evil",
      "authorization_params[a&state=evil]": "1",
    };
    const query = { connect_session_token: await newSession(api), user_scope: "a&state=evil", ...evil, ...injected };
    const { location } = await open("openid", query);
    for (const name of all) assert.ok(!location!.searchParams.getAll(name).includes("evil"), name);
    for (const name of names) assert.equal(location!.searchParams.getAll(name).length, 1, name);
    assert.deepEqual([location!.hash, location!.origin], ["", oidc.issuer]);
    for (const name of names.slice(0, 3))
      await open("openid", {
        connect_session_token: await newSession(api),
        [`authorization_params[${name}]`]: "undefined",
      }).then(({ location: to }) => assert.ok(to?.searchParams.has(name), name));
  });

  await t.test("params lead neither people nor the client's secret to another host", async () => {
    const token = await newSession(api);
    for (const subdomain of [
      "evil.example/",
      "evil.example#",
      "evil.example?",
      "a@evil.example",
      "evil.example\\",
      "x\r\ny",
      "../x",
    ])
      assertRefused(
        await open("hosted", { connect_session_token: token, "params[subdomain]": subdomain }),
        "invalid_connection_config",
      );
    const { location } = await open("hosted", { connect_session_token: token, "params[subdomain]": "acme" });
    assert.equal(location?.host, "acme.hosted.example");
    assertRefused(await open("hosted", { connect_session_token: token }), "invalid_connection_config");
  });

  await t.test("nothing of a query is markup on a page", async () => {
    const token = await newSession(api);
    const queries: Record<string, string>[] = [
      { connect_session_token: PROBE },
      { connect_session_token: token, [PROBE]: PROBE },
      { connect_session_token: token, "params[subdomain]": PROBE, ws_client_id: PROBE },
    ];
    const pages = [
      ...(await Promise.all(queries.map((query) => open("hosted", query)))),
      await open(encodeURIComponent(PROBE), { connect_session_token: token }),
      await newBrowser().open(`${api.url}/oauth/callback?${new URLSearchParams({ state: PROBE, error: PROBE })}`),
      await newBrowser().open(`${api.url}/app-auth/connect?${new URLSearchParams({ installation_id: PROBE })}`),
    ];
    for (const query of [
      { error: "x", error_description: PROBE },
      { error: PROBE, error_description: PROBE },
    ]) {
      const { browser, back } = await begin();
      pages.push(
        await comeBack(
          browser,
          new URL(`?${new URLSearchParams({ ...query, state: back.searchParams.get("state")! })}`, back),
        ),
      );
    }
    for (const page of pages) {
      assert.equal(page.status >= 400, true);
      assert.doesNotMatch(page.text, /<script>|<img|onerror=alert\(1\)>/, page.text);
      assert.match(
        page.headers.get("content-security-policy") ?? "",
        /^default-src 'none'; style-src 'nonce-[^']+'; script-src 'nonce-[^']+'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
      );
    }
    const nonces = new Set(pages.map(({ headers }) => headers.get("content-security-policy")));
    assert.equal(nonces.size, pages.length);
  });

  await t.test(
    "no page is framed or kept, and none holds a token, a code, a state, a link or a word to its opener",
    async () => {
      const { browser, left, back, token } = await begin();
      const done = await comeBack(browser, back);
      const refused = await comeBack(browser, back);
      for (const page of [left, done, refused]) assertGuarded(page);
      const [{ connection_id: id }] = (await api.must("GET", "/connections")).connections;
      const { credentials } = await api.must("GET", `/connections/${id}?provider_config_key=openid&refresh_token=true`);
      const { code = "", state = "" } = Object.fromEntries(back.searchParams);
      const secrets = [
        token,
        code,
        state,
        credentials.access_token,
        credentials.refresh_token,
        oidc.client.client_secret,
      ];
      for (const page of [left, done, refused]) {
        for (const secret of secrets) assert.ok(!page.text.includes(secret));
        assert.doesNotMatch(page.text, /<a |opener|postMessage|localStorage|src=/);
      }
      const lines = api.logged.join("");
      for (const secret of secrets) assert.ok(!lines.includes(secret), "nor does the log");
    },
  );

  await t.test(
    "a session that ended, was used, or is not for this integration or environment begins nothing",
    async () => {
      const ended = await newSession(api);
      await api.call("DELETE", "/connect/session", { key: ended });
      assertRefused(await open("openid", { connect_session_token: ended }), "unknown_connect_session_token", 401);
      const late = await newSession(api);
      await api.db.clock.forward("30 min");
      assertRefused(await open("openid", { connect_session_token: late }), "unknown_connect_session_token", 401);
      await api.db.clock.run();
      const used = await begin();
      await comeBack(used.browser, used.back);
      assertRefused(await open("openid", { connect_session_token: used.token }), "unknown_connect_session_token", 401);
      const narrow = await newSession(api, { allowed_integrations: ["other"] });
      assertRefused(await open("openid", { connect_session_token: narrow }), "integration_not_allowed");
      const token = await newSession(api);
      assertRefused(await open("of-prod", { connect_session_token: token }), "unknown_provider_config");
      assertRefused(
        await open("openid", { connect_session_token: `${token}0` }),
        "invalid_connect_session_token_format",
        401,
      );
      assertRefused(await open("openid", { public_key: "p" }), "deprecated_authentication", 401);
    },
  );

  await t.test("a session that ends while its user is away takes nobody in again", () =>
    madeNothing(async () => {
      const { browser, back, token } = await begin();
      await api.call("DELETE", "/connect/session", { key: token });
      assertRefused(await comeBack(browser, back), "invalid_oauth_flow");
    }),
  );

  await t.test("two flows of one session make one connection", async () => {
    const token = await newSession(api);
    const browser = newBrowser();
    const one = await leave(browser, { connect_session_token: token });
    const other = await leave(browser, { connect_session_token: token });
    const before = await countConnections();
    assert.equal((await comeBack(browser, one.back)).status, 200);
    assert.ok((await comeBack(browser, other.back)).status >= 400);
    assert.equal(await countConnections(), before + 1);
  });

  await t.test("a browser does not choose the connection it makes", async () => {
    const token = await newSession(api);
    assertRefused(
      await open("openid", { connect_session_token: token, connection_id: "mine" }),
      "invalid_query_params",
    );
  });

  await t.test("a WebSocket hears of its own id only, whatever it says or guesses", async () => {
    const [mine, attacker] = [await newSocket(t, api.url), await newSocket(t, api.url)];
    assert.match(mine.id, /^[\w-]{43}$/);
    attacker.socket.send(JSON.stringify({ message_type: "connection_ack", ws_client_id: mine.id }));
    const { browser, back } = await begin(newBrowser(), { ws_client_id: mine.id });
    await comeBack(browser, back);
    assert.equal((await mine.next()).message_type, "success");
    await open("nothing", { connect_session_token: "guessed", ws_client_id: attacker.id.slice(0, -1) });
    const own = await open("nothing", { connect_session_token: "x", ws_client_id: attacker.id });
    assertRefused(own, "invalid_connect_session_token_format", 401);
    const told = await attacker.next();
    assert.deepEqual([told.error_type, attacker.messages], ["invalid_connect_session_token_format", []]);
    const talker = await newSocket(t, api.url);
    const closed = new Promise((resolve) => talker.socket.once("close", resolve));
    talker.socket.send("x".repeat(2_000));
    assert.equal(await closed, 1009);
  });
});
