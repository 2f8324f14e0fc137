// What an attacker may try with states, cookies and codes on the way to a provider and back: each is refused.
import assert from "node:assert/strict";
import { test } from "node:test";
import { assertRefused, attackWorld } from "./oauth-attack-world.ts";
import { connectUrl, newBrowser, newSession } from "./oauth-world.ts";

test("attacks on connecting: states, cookies and codes", async (t) => {
  const { oidc, api, second, comeBack, begin, madeNothing, withParam } = await attackWorld(t);

  await t.test("a forged state is refused, also beside a true cookie", () =>
    madeNothing(async () => {
      const { browser, back } = await begin();
      const granted = oidc.counts.tokenRequests;
      for (const state of ["", "x".repeat(43), back.searchParams.get("state")!.toUpperCase()])
        assertRefused(await comeBack(browser, withParam(back, "state", state)), "invalid_oauth_flow");
      assertRefused(await browser.open(`${api.url}/oauth/callback`), "invalid_oauth_flow");
      const twice = new URL(back);
      twice.searchParams.append("state", "another");
      assertRefused(await comeBack(browser, twice), "invalid_oauth_flow");
      assert.equal(oidc.counts.tokenRequests, granted, "no code was shown to anybody");
    }),
  );

  await t.test("a state is good once", async () => {
    const { browser, back } = await begin();
    const cookies = new Map(browser.cookies);
    assert.equal((await comeBack(browser, back)).status, 200);
    const asked = oidc.counts.tokenRequests;
    for (const [name, value] of cookies) browser.cookies.set(name, value);
    assertRefused(await comeBack(browser, back), "invalid_oauth_flow");
    assert.equal(oidc.counts.tokenRequests, asked);
  });

  await t.test("of two who come back with one state at the same moment one is let in", async () => {
    const { browser, back } = await begin();
    const pages = await Promise.all([comeBack(browser, back), comeBack(browser, back), comeBack(browser, back)]);
    assert.deepEqual(pages.map(({ status }) => status).sort(), [200, 400, 400]);
  });

  await t.test("a state in another browser is refused (login CSRF), and not spoilt for its own", async () => {
    const { browser, back } = await begin();
    const victim = await begin();
    assertRefused(await comeBack(newBrowser(), back), "invalid_oauth_flow");
    assertRefused(await comeBack(victim.browser, back), "invalid_oauth_flow");
    const [[name, value] = ["", ""]] = [...victim.browser.cookies];
    const forged = newBrowser();
    forged.cookies.set([...browser.cookies.keys()][0]!, value);
    forged.cookies.set(name, value);
    assertRefused(await comeBack(forged, back), "invalid_oauth_flow");
    assert.equal((await comeBack(browser, back)).status, 200);
  });

  await t.test("the cookie is this flow's alone, short-lived, and unseen by scripts and other sites", async () => {
    const { left, browser } = await begin();
    const [set = ""] = left.headers.getSetCookie();
    assert.match(
      set,
      /^__Host-syncline_flow_[0-9a-f]{16}=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/,
    );
    await begin(browser);
    assert.equal(browser.cookies.size, 2);
  });

  await t.test("a state is good for ten minutes", () =>
    madeNothing(async () => {
      const { browser, back } = await begin();
      await api.db.clock.forward("10 min");
      assertRefused(await comeBack(browser, back), "invalid_oauth_flow");
      await api.db.clock.run();
    }),
  );

  await t.test("a code of another flow is refused, in the same browser and in the victim's (code injection)", () =>
    madeNothing(async () => {
      for (const isSameBrowser of [true, false]) {
        const one = await begin();
        const attacker = await begin(isSameBrowser ? one.browser : newBrowser());
        const refused = oidc.counts.refused.length;
        const injected = withParam(one.back, "code", attacker.back.searchParams.get("code")!);
        assertRefused(await comeBack(one.browser, injected), "token_exchange_failed");
        assert.equal(oidc.counts.refused.length, refused + 1, "PKCE: the provider refused it");
      }
    }),
  );

  await t.test("a code that was used is refused", async () => {
    const one = await begin();
    const other = await begin();
    assert.equal((await comeBack(one.browser, one.back)).status, 200);
    const again = withParam(other.back, "code", one.back.searchParams.get("code")!);
    assertRefused(await comeBack(other.browser, again), "token_exchange_failed");
  });

  await t.test(
    "a state of one provider with the answer of another is refused (mix-up), and no code is shown to either",
    () =>
      madeNothing(async () => {
        const browser = newBrowser();
        const one = await begin(browser);
        const token = await newSession(api);
        const left = await browser.open(connectUrl(api, "other", { connect_session_token: token }));
        const back = await second.clickThrough(left.location!.href);
        assert.equal(back.searchParams.get("iss"), second.issuer);
        const asked = [oidc.counts.tokenRequests, second.counts.tokenRequests];
        const mixed = withParam(back, "state", one.back.searchParams.get("state")!);
        assertRefused(await comeBack(browser, mixed), "invalid_oauth_flow");
        assertRefused(await comeBack(browser, withParam(back, "iss", oidc.issuer)), "invalid_oauth_flow");
        assert.deepEqual([oidc.counts.tokenRequests, second.counts.tokenRequests], asked);
      }),
  );

  await t.test("a code without its issuer goes to the provider of its state only", () =>
    madeNothing(async () => {
      const { browser, back } = await begin();
      const token = await newSession(api);
      const left = await browser.open(connectUrl(api, "other", { connect_session_token: token }));
      const other = await second.clickThrough(left.location!.href);
      const asked = oidc.counts.tokenRequests;
      const mixed = withParam(other, "code", back.searchParams.get("code")!);
      mixed.searchParams.delete("iss");
      assertRefused(await comeBack(browser, mixed), "token_exchange_failed");
      assert.deepEqual([oidc.counts.tokenRequests, second.counts.authorization_code], [asked, 0]);
    }),
  );
});
