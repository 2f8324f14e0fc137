// The authorization URL as entries of the catalogue ask for it, and what of a user's config it lets in.
import assert from "node:assert/strict";
import { test } from "node:test";
import { checkAddress, fillAddress } from "../../src/auth/flow/address.ts";
import { startingConfig } from "../../src/auth/flow/config.ts";
import { authorizationUrl, codeIn, scopesOf } from "../../src/auth/flow/oauth2.ts";
import { Provider } from "../../src/providers/schema.ts";

const OURS = { client_id: "c", redirect_uri: "https://sync.example/oauth/callback", state: "s", scope: "a:b c" };
const SENT = "client_id=c&redirect_uri=https%3A%2F%2Fsync.example%2Foauth%2Fcallback&state=s";

const urlOf = (entry: object, config: Record<string, unknown> = {}, params: Record<string, string | null> = {}) => {
  const provider = Provider.parse({ display_name: "P", auth_mode: "OAUTH2", ...entry });
  const template = provider.authorization_url ?? "https://p.example/auth";
  return authorizationUrl(template, provider, { config, authorizationParams: params, userScopes: [] }, OURS);
};

test("the authorization URL has what the entry wants", () => {
  assert.equal(urlOf({}), `https://p.example/auth?response_type=code&scope=a%3Ab%20c&${SENT}`);
  assert.equal(
    urlOf({ authorization_url_fragment: "oauth/authorize" }),
    `https://p.example/auth/#/oauth/authorize?response_type=code&scope=a%3Ab%20c&${SENT}`,
  );
  assert.equal(
    urlOf({ authorization_url: "https://p.example/auth?kind=web", authorization_params: { audience: "x y" } }),
    `https://p.example/auth?kind=web&audience=x%20y&response_type=code&scope=a%3Ab%20c&${SENT}`,
  );
  const replaced = urlOf({ authorization_url_replacements: { "client_id=": "appKey=", response_type: "" } });
  assert.equal(replaced, `https://p.example/auth?scope=a%3Ab%20c&${SENT.replace("client_id", "appKey")}`);
  assert.match(urlOf({ authorization_url_skip_encode: ["scopes"] }), /&scope=a:b%20c&/);
  assert.match(urlOf({ authorization_params: { nonce: `\${random}` } }), /nonce=[0-9a-f]{32}&/);
  const team = { authorization_params: { team: `\${connectionConfig.team}` } };
  assert.match(urlOf(team), /\?team=&/);
  assert.doesNotMatch(urlOf({ ...team, authorization_url_skip_empty: true }), /team/);
  assert.match(urlOf(team, { team: "a&b" }), /\?team=a%26b&/);
});

test("parameters of the query take the entry's away and add to them, but a renamed one of ours stays ours", () => {
  const entry = {
    authorization_params: { prompt: "consent" },
    authorization_url_replacements: { client_id: "app_id" },
  };
  const url = new URL(urlOf(entry, {}, { prompt: null, hint: "h", app_id: "evil", client_id: "evil" }));
  assert.deepEqual([url.searchParams.has("prompt"), url.searchParams.get("hint")], [false, "h"]);
  assert.deepEqual(url.searchParams.getAll("app_id"), ["c"]);
});

test("scopes are the entry's and the integration's, or what the app says for this connection", () => {
  const provider = Provider.parse({
    display_name: "P",
    auth_mode: "OAUTH2",
    default_scopes: ["id"],
    scope_separator: ",",
  });
  assert.equal(scopesOf(provider, { scopes: "read, write" }, {}), "id,read,write");
  assert.equal(scopesOf(provider, { scopes: "read" }, { oauth_scopes_override: "only" }), "only");
  const config = startingConfig(provider, { params: { oauth_scopes_override: "all", x: "1" } });
  assert.deepEqual(config, { x: "1" });
});

test("values stay at the place that the address gives them", () => {
  const of = (name: string) => `\${connectionConfig.${name}}`;
  const refuses = (template: string, value: string) =>
    assert.throws(
      () => checkAddress(template, { x: value }),
      { code: "invalid_connection_config" },
      `${template} ${value}`,
    );
  for (const value of ["evil.example/", "a@b", "a#", "a?", "a:80", "a\\b", "-", "a b", "a\n"])
    refuses(`https://${of("x")}.p.example/auth`, value);
  for (const value of ["../x", "a/../b", "a?b", "a#b", "a b"]) refuses(`https://p.example/${of("x")}/auth`, value);
  for (const value of ["javascript:alert(1)", "//evil.example", "https://a@evil.example", "https://a/?b"])
    refuses(`${of("x")}/auth`, value);
  for (const value of ["a&state=b", "a#b", "a b"]) refuses(`https://p.example/auth?t=${of("x")}`, value);
  refuses(`https://${of("x")}.p.example || https://p.example`, "evil.example/");
  assert.equal(
    fillAddress(`https://${of("x")}/auth`, { x: "jira.acme.example/jira" }).href,
    "https://jira.acme.example/jira/auth",
  );
  assert.equal(fillAddress(`https://${of("x")}.p.example || https://p.example`, {}).href, "https://p.example/");
  assert.throws(() => fillAddress(`https://${of("x")}.p.example`, {}), /without x/);
});

test("a refusal without a sentence of the provider's gets one for people", () => {
  const provider = Provider.parse({ display_name: "P", auth_mode: "OAUTH2" });
  const saysOf = (query: Record<string, string>) => {
    try {
      return codeIn(provider, query);
    } catch (error) {
      return (error as Error).message;
    }
  };
  assert.equal(saysOf({ error: "access_denied" }), "P: Access was not allowed.");
  assert.equal(saysOf({ error: "access_denied", error_description: "Not today" }), "P: Not today");
  assert.equal(saysOf({ error: "constructor" }), "P: It sent no code.");
  assert.equal(saysOf({}), "P: It sent no code.");
  assert.equal(saysOf({ code: "c" }), "c");
});
