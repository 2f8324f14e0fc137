// The connect page in a browser, as an end user meets it: by keyboard, through a provider's window, inside an app's page.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame, Page } from "playwright-core";
import { DESKTOP, isSkipped, PHONE, startBrowser, violationsOf } from "./browser.ts";
import { fillIn, heading, lookAtAll, press } from "./states.ts";
import { startWorld } from "./world.ts";

const allow = async (popup: Page): Promise<void> => {
  const closing = popup.waitForEvent("close");
  await popup.getByRole("button", { name: "Allow" }).click();
  await closing;
};

test("the connect page", { skip: isSkipped }, async (t) => {
  const world = await startWorld(t);
  const { newContext } = await startBrowser(t);
  const { app, api } = world;

  await t.test("an API key is entered by keyboard alone, and the token leaves the address", async () => {
    const page = await (await newContext()).newPage();
    const elsewhere: string[] = [];
    page.on("request", (request) => request.url().startsWith(api.url) || elsewhere.push(request.url()));
    const { token, link } = await world.invite();
    await page.goto(link);
    await heading(page, "What would you like to connect?");
    assert.equal(page.url(), `${api.url}/connect`);
    const focused = () => page.evaluate("document.activeElement.textContent || document.activeElement.name");
    const tabTo = async (what: string) => {
      for (let presses = 0; presses < 8 && (await focused()) !== what; presses++) await page.keyboard.press("Tab");
      assert.equal(await focused(), what);
    };
    assert.equal(await focused(), "What would you like to connect?", "the focus is on the heading");
    await tabTo("NCNorthwind CRM");
    await page.keyboard.press("Enter");
    await heading(page, "Connect Northwind CRM");
    assert.equal(await focused(), "Connect Northwind CRM");
    await page.getByText("For example: good-1").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.type("https://acme.northwind.example");
    await page.keyboard.press("Enter");
    const region = page.getByLabel("Region");
    assert.equal(await page.evaluate("document.activeElement.name"), "region", "what is wrong is next");
    assert.equal(await region.getAttribute("aria-invalid"), "true");
    assert.match((await region.getAttribute("aria-describedby")) ?? "", /error/);
    await page.keyboard.type("us");
    assert.equal(await page.getByLabel("Zone").isVisible(), true, "a field of this region only");
    await page.keyboard.press("ArrowUp");
    assert.equal(await page.getByLabel("Zone").isVisible(), false);
    await page.keyboard.press("Tab");
    await page.keyboard.type("good-1");
    await page.keyboard.press("Enter");
    await heading(page, "Northwind CRM is connected");
    const [made] = await world.connections();
    const at = `/connections/${made?.connection_id}?provider_config_key=northwind`;
    const { connection_config, credentials, end_user } = await api.must("GET", at);
    assert.deepEqual(connection_config, { subdomain: "acme", region: "eu" });
    assert.deepEqual([credentials.apiKey, end_user.id], ["good-1", "u1"]);
    assert.deepEqual(elsewhere, [], "nothing is loaded from elsewhere");
    assert.equal((await api.call("GET", "/connect/session", { key: token })).status, 401, "the session has ended");
    await page.goto(link);
    await heading(page, "This link has ended");
    await page.context().close();
  });

  await t.test(
    "OAuth 2 with PKCE goes through the provider's window, which gets no token of ours to keep",
    async () => {
      const page = await (await newContext()).newPage();
      await page.goto((await world.invite("calendar")).link);
      await heading(page, "Connect Contoso Calendar");
      const opening = page.waitForEvent("popup");
      await press(page, "Connect with Contoso Calendar");
      await heading(page, "Continue in the new window");
      const popup = await opening;
      const seen: string[] = [];
      popup.on("framenavigated", (frame) => seen.push(frame.url()));
      await popup.getByRole("button", { name: "Allow" }).waitFor();
      assert.equal(await popup.evaluate("window.opener"), null, "nobody there can lead our page elsewhere");
      await allow(popup);
      await heading(page, "Contoso Calendar is connected");
      assert.ok(seen.every((url) => !url.includes("access_token")));
      const made = (await world.connections()).find((one) => one.provider_config_key === "calendar");
      const at = `/connections/${made?.connection_id}?provider_config_key=calendar`;
      assert.ok((await api.must("GET", at)).credentials.access_token);
      assert.equal(world.oidc.counts.authorization_code, 1);
      await page.context().close();
    },
  );

  await t.test("refused, closed, blocked, ended: each has its own sentence, and a way on", async () => {
    const context = await newContext();
    const page = await context.newPage();
    await page.goto((await world.invite("calendar")).link);
    const begin = async () => {
      const opening = page.waitForEvent("popup");
      await press(page, "Connect with Contoso Calendar");
      return await opening;
    };
    await (await begin()).getByRole("button", { name: "Deny" }).click();
    await heading(page, "That did not work");
    await press(page, "Try again");
    const second = await begin();
    await second.getByRole("button", { name: "Allow" }).waitFor();
    await second.close();
    await heading(page, "The window was closed");
    const opening = page.waitForEvent("popup");
    await press(page, "Try again");
    await (await opening).close();
    await press(page, "Cancel");
    await page.evaluate("window.open = () => null");
    await press(page, "Connect with Contoso Calendar");
    await page.getByText("Your browser blocked the window.").waitFor();
    await press(page, "Try again");
    await api.db.query("update syncline.connect_sessions set expires_at = created_at + interval '1 us'");
    await page.goto((await world.invite("northwind")).link);
    await heading(page, "Connect Northwind CRM");
    await api.db.query("update syncline.connect_sessions set expires_at = created_at + interval '1 us'");
    await fillIn(page, "good-1");
    await heading(page, "This link has ended");
    await context.close();
  });

  await t.test("an address is an address, and help leads to the field's part of the provider's page", async () => {
    await world.integrate("fabrikam", "z-own");
    const page = await (await newContext()).newPage();
    await page.goto((await world.invite()).link);
    await heading(page, "What would you like to connect?");
    const choices = await page.locator(".choice .name").allTextContents();
    assert.deepEqual(choices, ["Contoso Calendar", "Fabrikam (your own server)", "Northwind CRM"], "by name");
    await page.goto((await world.invite("z-own")).link);
    await heading(page, "Connect Fabrikam (your own server)");
    assert.equal(await page.locator(".initials").textContent(), "FA", "what stands in brackets is no name");
    const leadsTo = (name: string) => page.getByRole("link", { name }).getAttribute("href");
    assert.equal(await leadsTo("Where do I find this?"), "https://docs.example/fabrikam#your-server");
    assert.equal(await leadsTo("Help with Fabrikam (your own server)"), "https://docs.example/fabrikam");
    assert.deepEqual(await violationsOf(page), []);
    const address = page.getByLabel("Address");
    await page.getByLabel("API key", { exact: true }).fill("good-1");
    for (const wrong of ["localhost", "fabrikam.example/api", "ftp://fabrikam.example", "https://"]) {
      await address.fill(wrong);
      await press(page, "Connect");
      assert.equal(await address.getAttribute("aria-invalid"), "true", wrong);
    }
    await address.fill("https://fabrikam.example/api");
    await press(page, "Connect");
    await heading(page, "Fabrikam (your own server) is connected");
    await world.api.must("DELETE", "/integrations/z-own");
    await page.context().close();
  });

  await t.test("a link that was cut short has ended, wherever it was cut", async () => {
    const page = await (await newContext()).newPage();
    const { link } = await world.invite();
    for (const length of [3, 10, 40]) {
      await page.goto(link.slice(0, -length));
      await heading(page, "This link has ended");
    }
    for (const token of ["x", "nango_connect", "a%20b"]) {
      await page.goto(`${api.url}/connect?session_token=${token}`);
      await heading(page, "This link has ended");
    }
    await page.context().close();
  });

  await t.test("axe finds nothing in any state, light on a desktop and dark on a phone", async () => {
    await lookAtAll(world, { newContext, colorScheme: "light", viewport: DESKTOP });
    await lookAtAll(world, { newContext, colorScheme: "dark", viewport: PHONE });
  });

  await t.test("the published frontend, unmodified: auth() for OAuth 2 and for an API key", async () => {
    const page = await (await newContext()).newPage();
    await page.goto(app);
    const auth = (token: string, call: string) =>
      page.evaluate(
        `globalThis.result = undefined;
         document.getElementById("go").onclick = () => {
           const nango = new Nango({ host: ${JSON.stringify(api.url)}, connectSessionToken: ${JSON.stringify(token)} });
           nango.${call}.then((made) => { globalThis.result = made; }, (error) => { globalThis.result = { type: error.type }; });
         };`,
      );
    const result = async () => {
      await page.waitForFunction("globalThis.result !== undefined");
      return (await page.evaluate("globalThis.result")) as Record<string, unknown>;
    };
    await auth((await world.invite("calendar")).token, 'auth("calendar")');
    const opening = page.waitForEvent("popup");
    await press(page, "Go");
    await allow(await opening);
    const made = await result();
    assert.equal(made.providerConfigKey, "calendar");
    assert.match(String(made.connectionId), /^[0-9a-f-]{36}$/);

    const params = "params: { subdomain: 'acme', region: 'eu' }";
    await auth((await world.invite()).token, `auth("northwind", { ${params}, credentials: { apiKey: "good-2" } })`);
    await press(page, "Go");
    assert.equal((await result()).providerConfigKey, "northwind");
    await auth((await world.invite()).token, `auth("northwind", { ${params}, credentials: { apiKey: "bad-2" } })`);
    await press(page, "Go");
    assert.deepEqual(await result(), { type: "connection_test_failed" });
    await page.context().close();
  });

  await t.test("the published frontend, unmodified: Connect UI opens, connects and closes", async () => {
    const page = await (await newContext()).newPage();
    await page.goto(app);
    const { token } = await world.invite("northwind");
    await page.evaluate(
      `globalThis.events = [];
       new Nango({ connectSessionToken: ${JSON.stringify(token)} }).openConnectUI({
         baseURL: ${JSON.stringify(`${api.url}/connect`)}, lang: "de", themeOverride: "dark",
         onEvent: (event) => globalThis.events.push(event),
       });`,
    );
    const frame = (await (await page.waitForSelector("#connect-ui")).contentFrame()) as Frame;
    await heading(frame, "Northwind CRM verbinden");
    assert.equal(await frame.evaluate("document.documentElement.dataset.theme"), "dark");
    assert.ok(!frame.url().includes(token));
    assert.deepEqual(await violationsOf(frame), []);
    await fillIn(frame, "good-3", "Verbinden");
    await heading(frame, "Northwind CRM ist verbunden");
    await press(frame, "Fertig");
    await page.waitForFunction("document.getElementById('connect-ui') === null");
    const events = (await page.evaluate("globalThis.events")) as { type: string; payload?: Record<string, unknown> }[];
    assert.deepEqual(
      events.map(({ type }) => type),
      ["ready", "connect", "close"],
    );
    assert.equal(events[1]?.payload?.providerConfigKey, "northwind");
    await page.context().close();
  });

  await t.test("a page that carries a session's token stands in nobody's frame", async () => {
    const page = await (await newContext()).newPage();
    await page.goto(app);
    const { link } = await world.invite();
    const refused = page.waitForEvent("console", (message) => message.text().includes("frame-ancestors"));
    await page.evaluate(
      `const frame = document.createElement("iframe"); frame.src = ${JSON.stringify(link)}; document.body.append(frame);`,
    );
    assert.match((await refused).text(), /'none'/);
    await page.context().close();
  });
});
