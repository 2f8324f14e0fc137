// The connect page as it is served, and how an environment sets its looks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { testApi } from "./api.ts";

test("the page and its files come with a policy that lets nothing else in", async (t) => {
  const api = await testApi(t, { access: { connectOrigins: ["https://app.example"] } });
  const get = (path: string) => api.call("GET", path, { key: null });
  const policyOf = async (path: string) => (await get(path)).headers.get("content-security-policy") ?? "";
  for (const path of ["/connect", "/connect/", "/connect/?session_token=x", "/connect/assets/main.js"]) {
    const policy = await policyOf(path);
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self';/, path);
    assert.doesNotMatch(policy, /unsafe/);
  }
  assert.match(await policyOf("/connect/?lang=de"), /frame-ancestors https:\/\/app\.example$/);
  const withToken = await get("/connect?session_token=x");
  assert.match(withToken.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'$/);
  assert.deepEqual(
    ["x-frame-options", "referrer-policy", "cache-control"].map((name) => withToken.headers.get(name)),
    ["DENY", "no-referrer", "no-store"],
  );
  const pages: [path: string, script: string][] = [
    ["/connect", "connect/assets/main.js"],
    ["/connect/", "assets/main.js"],
  ];
  for (const [path, script] of pages) {
    const { text } = await get(path);
    assert.ok(text.includes(`src="${script}"`), path);
    assert.equal((await fetch(new URL(script, api.url + path))).status, 200);
    assert.doesNotMatch(text, /https?:|<style|\son\w+=/);
  }
  assert.equal((await get("/connect/assets/../page.ts")).status, 404);
  const other = await testApi(t);
  const anybody = await other.call("GET", "/connect/", { key: null });
  assert.match(anybody.headers.get("content-security-policy") ?? "", /frame-ancestors \*$/);
});

test("an environment says how its page looks; what is not named stays", async (t) => {
  const api = await testApi(t);
  const path = "/environment/connect-ui";
  const before = (await api.must("GET", path)).data;
  assert.deepEqual([before.defaultTheme, before.showWatermark], ["system", false]);
  const patch = (body: object) => api.call("PATCH", path, { body });
  await patch({ theme: { light: { primary: "#AABBCC" } }, showWatermark: true });
  const { body } = await patch({ theme: { dark: { primary: "#112233" } }, defaultTheme: "dark" });
  const settings = {
    theme: { light: { primary: "#AABBCC" }, dark: { primary: "#112233" } },
    defaultTheme: "dark",
    showWatermark: true,
  };
  assert.deepEqual(body.data, settings);
  for (const wrong of [
    { theme: { light: { primary: "red" } } },
    { theme: { light: { primary: "#12345" } } },
    { theme: { light: { primary: "#112233; x" } } },
    { defaultTheme: "blue" },
    { logo: "x" },
  ]) {
    const { status, body: answer } = await patch(wrong);
    assert.deepEqual([status, answer.error.code], [400, "invalid_body"]);
  }
  const { token } = (await api.must("POST", "/connect/sessions", { body: { tags: {} } })).data;
  assert.deepEqual((await api.must("GET", "/connect/session", { key: token })).data.connectUISettings, settings);
});
