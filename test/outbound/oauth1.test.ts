// Promise: OAuth 1 requests are signed as RFC 5849 and the providers' own examples say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type OAuth1Keys, type OAuth1Request, oauth1BaseString, oauth1Header } from "../../src/outbound/oauth1.ts";

const post = (url: string, form?: string): OAuth1Request => ({
  method: "post",
  url: new URL(url),
  ...(form && { form }),
});

const signatureOf = (header: string): string =>
  decodeURIComponent(/oauth_signature="([^"]+)"/.exec(header)?.[1] as string);

test("the base string is that of the RFC's example, with names and values that need encoding and come twice", () => {
  const request = post("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b", "c2&a3=2+q");
  const params = {
    oauth_consumer_key: "9djdj82h48djs9d2",
    oauth_token: "kkk9d7dh3k39sjv7",
    oauth_signature_method: "HMAC-SHA1",
    oauth_timestamp: "137131201",
    oauth_nonce: "7d8f3e4a",
  };
  const expected =
    "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26c2%3D" +
    "%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1" +
    "%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7";
  assert.equal(oauth1BaseString(request, params), expected);
});

test("HMAC-SHA1: the signature is that of X's documented example", () => {
  const form = "status=Hello%20Ladies%20%2b%20Gentlemen%2c%20a%20signed%20OAuth%20request%21";
  const request = post("https://api.twitter.com/1.1/statuses/update.json?include_entities=true", form);
  const keys: OAuth1Keys = {
    client: { client_id: "xvz1evFS4wEEPTGEFPHBog", client_secret: "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw" },
    token: "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    tokenSecret: "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
    method: "HMAC-SHA1",
  };
  const once = { nonce: "kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", timestamp: 1318622958 };
  const header = oauth1Header(request, keys, once);
  assert.equal(signatureOf(header), "hCtSmYh+iHYCEqBWrE7C7hYmtUk=");
  assert.match(header, /^OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", oauth_nonce="kYjz/);
});

test("HMAC-SHA256: the signature is that of the RESTlet of NetSuite's documentation, under the realm of the account", () => {
  const restlet = "https://123456.restlets.api.netsuite.com/app/site/hosting/restlet.nl";
  const request = post(`${restlet}?script=6&deploy=1&customParam=someValue&testParam=someOtherValue`);
  const keys: OAuth1Keys = {
    client: {
      client_id: "ef40afdd8abaac111b13825dd5e5e2ddddb44f86d5a0dd6dcf38c20aae6b67e4",
      client_secret: "d26ad321a4b2f23b0741c8d38392ce01c3e23e109df6c96eac6d099e9ab9e8b5",
    },
    token: "2b0ce516420110bcbd36b69e99196d1b7f6de3c6234c5afb799b73d87569f5cc",
    tokenSecret: "c29a677df7d5439a458c063654187e3d678d73aca8e3c9d8bea1478a3eb0d295",
    method: "HMAC-SHA256",
    realm: "123456",
  };
  const header = oauth1Header(request, keys, { nonce: "fjaLirsIcCGVZWzBX0pg", timestamp: 1508242306 });
  assert.equal(signatureOf(header), "+KK4SKNgz4ZiILGLwOMtfYlgcXSy1eis8ldE9X90azQ=");
  assert.match(header, /^OAuth realm="123456", oauth_consumer_key="ef40/);
});

test("PLAINTEXT: the signature is both secrets", () => {
  const keys: OAuth1Keys = {
    client: { client_id: "id", client_secret: "a b" },
    token: "token",
    tokenSecret: "c&d",
    method: "PLAINTEXT",
  };
  const header = oauth1Header(post("https://api.example.com/"), keys, { nonce: "n", timestamp: 1 });
  assert.equal(signatureOf(header), "a%20b&c%26d");
});
