// Promise: requests to AWS carry the signatures of AWS's own test suite and of the examples in its documentation.
import assert from "node:assert/strict";
import { test } from "node:test";
import { awsHeaders } from "../../src/outbound/aws-sigv4.ts";
import type { Signable } from "../../src/outbound/sign.ts";

const SUITE = {
  type: "AWS_SIGV4",
  role_arn: "arn:aws:iam::1:role/x",
  region: "us-east-1",
  service: "service",
  access_key_id: "AKIDEXAMPLE",
  secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
} as const;
const AT = Date.parse("2015-08-30T12:36:00Z");

const signed = async (request: Partial<Signable>, credentials: Parameters<typeof awsHeaders>[1] = SUITE, at = AT) => {
  const whole = { method: "GET", url: new URL("https://example.amazonaws.com/"), headers: {}, body: null, ...request };
  return await awsHeaders(whole, credentials, at);
};

/** The signed headers and the signature. */
const parts = ({ authorization = "" }: Record<string, string>): string[] =>
  /SignedHeaders=([^,]+), Signature=([0-9a-f]+)$/.exec(authorization)?.slice(1) ?? [];

test("the signatures are those of the published test suite", async () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const cases: [Partial<Signable>, string, string][] = [
    [{}, "host;x-amz-date", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"],
    [
      { url: new URL("https://example.amazonaws.com/?Param2=value2&Param1=value1") },
      "host;x-amz-date",
      "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
    ],
    [{ method: "POST" }, "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
    [
      { method: "POST", headers: form, body: "Param1=value1" },
      "content-type;host;x-amz-date",
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ],
    [
      { headers: { "my-header1": "value2,value2,value1" } },
      "host;my-header1;x-amz-date",
      "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
    ],
  ];
  for (const [request, names, signature] of cases)
    assert.deepEqual(parts(await signed(request)), [names, signature], names);
});

test("an object of S3 is asked for as in its documentation; a body that was not read is declared unsigned", async () => {
  const credentials = {
    ...SUITE,
    service: "s3",
    access_key_id: "AKIAIOSFODNN7EXAMPLE",
    secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  };
  const url = new URL("https://examplebucket.s3.amazonaws.com/test.txt");
  const headers = { range: "bytes=0-9" };
  const got = await signed({ url, headers }, credentials, Date.parse("2013-05-24T00:00:00Z"));
  assert.deepEqual(parts(got), [
    "host;range;x-amz-content-sha256;x-amz-date",
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ]);
  const stream = new ReadableStream();
  const put = await signed({ method: "PUT", url, body: stream }, credentials);
  assert.equal(put["x-amz-content-sha256"], "UNSIGNED-PAYLOAD");
  await assert.rejects(signed({ method: "PUT", body: stream }), { code: "server_error" });
});

test("a session's token is sent and signed; what others may rewrite on the way is sent and not signed", async () => {
  const headers = { "user-agent": "x", "accept-encoding": "gzip", accept: "*/*" };
  const got = await signed({ headers }, { ...SUITE, session_token: "session" });
  assert.equal(got["x-amz-security-token"], "session");
  assert.equal(got["user-agent"], "x");
  assert.equal(parts(got)[0], "accept;host;x-amz-date;x-amz-security-token");
});
