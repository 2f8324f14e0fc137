// Promise: a role is assumed by a request that an independent library signs the same way, and its keys sign what follows.
import assert from "node:assert/strict";
import { test } from "node:test";
import aws4 from "aws4";
import fc from "fast-check";
import { obtain } from "../../../src/auth/obtain.ts";
import { hasCode } from "../../../src/errors.ts";
import { awsHeaders } from "../../../src/outbound/aws-sigv4.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import { json, type Seen, startServer } from "../../outbound/server.ts";
import { at, contextOf, NOW } from "./world.ts";

const ROLE: Credentials = {
  type: "AWS_SIGV4",
  role_arn: "arn:aws:iam::123456789012:role/Reader",
  external_id: "a b&c",
};
const OWN = { awsAccessKeyId: "AKIDEXAMPLE", awsSecretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY" };
const KEYS = { accessKeyId: OWN.awsAccessKeyId, secretAccessKey: OWN.awsSecretAccessKey };

const ANSWER = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>
  <AssumedRoleUser><Arn>arn:aws:sts::123456789012:assumed-role/Reader/syncline</Arn></AssumedRoleUser>
  <Credentials><AccessKeyId>ASIAX</AccessKeyId><SecretAccessKey>se/cr+et=&amp;</SecretAccessKey>
  <SessionToken>the session</SessionToken><Expiration>2026-03-01T13:00:00Z</Expiration></Credentials>
</AssumeRoleResult><ResponseMetadata><RequestId>x</RequestId></ResponseMetadata></AssumeRoleResponse>`;

/** What npm's aws4 would have sent, of the headers that were signed here. */
const byAws4 = ({ method, url, headers, body }: Seen, host: string, region: string): string | undefined => {
  const names = /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "")?.[1]?.split(";") ?? [];
  const signed = Object.fromEntries(
    names.filter((name) => name !== "host").map((name) => [name, headers[name] as string]),
  );
  const request = {
    method,
    host,
    path: url,
    service: "sts",
    region,
    headers: { Host: host, ...signed },
    body: body.toString(),
  };
  return aws4.sign({ ...request, extraHeadersToIgnore: { "content-length": true } }, KEYS).headers
    ?.Authorization as string;
};

const startSts = async (t: Parameters<typeof startServer>[0], status = 200, text = ANSWER) => {
  const server = await startServer(t, (_seen, response) => void response.writeHead(status).end(text));
  const hosts: string[] = [];
  const ask = async (given: object = {}, over: object = {}) => {
    const context = contextOf({ auth_mode: "AWS_SIGV4" }, { ...ROLE, ...given } as Credentials, {
      client: OWN,
      ...over,
    });
    const fetch: typeof context.fetch = (url, init) => {
      const { host, pathname } = new URL(url);
      hosts.push(host);
      return context.fetch(host.startsWith("127.") ? url : server.url + pathname, init);
    };
    return await obtain({ ...context, fetch });
  };
  return { ...server, ask, hosts };
};

test("AssumeRole is signed as aws4 signs it, in the connection's region, and its answer read", async (t) => {
  const { ask, hosts, requests } = await startSts(t);
  const { credentials, connectionConfig } = await ask(
    { region: "eu-west-1" },
    { integrationConfig: { service: "s3" } },
  );
  const expected = {
    ...{ region: "eu-west-1", service: "s3", access_key_id: "ASIAX", secret_access_key: "se/cr+et=&" },
    ...{ session_token: "the session", expires_at: at(3_600_000) },
  };
  assert.deepEqual(credentials, { ...ROLE, ...expected });
  assert.deepEqual(connectionConfig, { region: "eu-west-1", service: "s3" });
  assert.deepEqual(hosts, ["sts.eu-west-1.amazonaws.com"]);
  const seen = requests[0]!;
  const form = Object.fromEntries(new URLSearchParams(seen.body.toString()));
  assert.deepEqual([form.Action, form.ExternalId, form.RoleArn], ["AssumeRole", "a b&c", ROLE.role_arn]);
  assert.equal(
    seen.headers.authorization?.replaceAll(", ", ","),
    byAws4(seen, hosts[0]!, "eu-west-1")?.replaceAll(", ", ","),
  );
  await ask({ region: "cn-north-1" });
  assert.equal(hosts[1], "sts.cn-north-1.amazonaws.com.cn");
});

test("no region leads a request signed with our keys to another host", async (t) => {
  const { ask, hosts } = await startSts(t);
  for (const region of ["evil.example/", "evil.example#", "x@evil.example", "eu-west-1.evil", "EU", ""]) {
    if (region !== "") await assert.rejects(ask({ region }), { code: "invalid_credentials" }, region);
    await assert.rejects(ask({ region: "eu-west-1", service: `${region}.` }), { code: "invalid_credentials" }, region);
  }
  assert.deepEqual(hosts, []);
});

test("a refusal has AWS's code and no key of ours; a document type in an answer is no answer", async (t) => {
  const refused = `<ErrorResponse><Error><Code>AccessDenied</Code><Message>not with ${OWN.awsSecretAccessKey}</Message></Error></ErrorResponse>`;
  const { ask } = await startSts(t, 403, refused);
  await assert.rejects(ask(), (error: Error) => {
    assert.ok(hasCode(error, "refresh_token_external_error"));
    assert.equal(error.message, "Test gave no token, status 403: AccessDenied (not with ***)");
    return true;
  });
  const bomb = ANSWER.replace("<Assume", '<!DOCTYPE x [<!ENTITY e "boom">]><Assume');
  const { ask: askBomb } = await startSts(t, 200, bomb);
  await assert.rejects(askBomb(), { code: "refresh_token_external_error" });
});

test("a service that stands in for AWS's is asked as the integration was set up", async (t) => {
  const service = await startServer(t, (_seen, response) =>
    json(response, 200, {
      credentials: { accessKeyId: "A", secretAccessKey: "S", sessionToken: "T", expiration: NOW / 1000 },
    }),
  );
  const { ask } = await startSts(t);
  const integrationConfig = {
    stsMode: "custom",
    stsEndpointUrl: service.url,
    stsAuthType: "api_key",
    stsAuthHeader: "X-Key",
    service: "s3",
  };
  const { credentials } = await ask({}, { client: { stsApiKey: "the key" }, integrationConfig });
  assert.ok(credentials.type === "AWS_SIGV4");
  assert.deepEqual([credentials.access_key_id, credentials.session_token, credentials.expires_at], ["A", "T", at(0)]);
  assert.equal(service.requests[0]?.headers["x-key"], "the key");
  assert.equal(JSON.parse(service.requests[0]!.body.toString()).role_arn, ROLE.role_arn);
});

test("requests of any shape are signed as aws4 signs them", async () => {
  const segment = fc.string({ unit: fc.constantFrom(..."abz09-_.~ %+/=&?ü!*'()"), maxLength: 12 });
  const text = fc.string({ unit: "grapheme", maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom("GET", "POST", "PUT", "DELETE"),
      fc.array(segment, { maxLength: 3 }),
      fc.array(fc.tuple(segment, segment), { maxLength: 3 }),
      text,
      fc.boolean(),
      async (method, path, query, body, hasSession) => {
        const url = new URL("https://api.eu-west-1.amazonaws.com/");
        url.pathname = `/${path.map(encodeURIComponent).join("/")}`.replace(/\/+/g, "/");
        for (const [name, value] of query) if (name !== "") url.searchParams.append(name, value);
        const credentials = {
          ...{ type: "AWS_SIGV4" as const, role_arn: "r", region: "eu-west-1", service: "execute-api" },
          ...{ access_key_id: KEYS.accessKeyId, secret_access_key: KEYS.secretAccessKey },
          ...(hasSession && { session_token: "the/session+" }),
        };
        const headers = { "content-type": "text/plain" };
        const sent = method === "GET" ? null : body;
        const ours = await awsHeaders({ method, url, headers, body: sent }, credentials, NOW);
        const theirs = aws4.sign(
          {
            ...{ method, host: url.host, path: url.pathname + url.search, service: "execute-api", region: "eu-west-1" },
            headers: { "content-type": "text/plain", "X-Amz-Date": "20260301T120000Z" },
            ...(sent !== null && { body: sent }),
            extraHeadersToIgnore: { "content-length": true },
          },
          { ...KEYS, ...(hasSession && { sessionToken: "the/session+" }) },
        );
        const signature = (header: unknown) => /Signature=(\w+)/.exec(String(header))?.[1];
        assert.equal(signature(ours.authorization), signature(theirs.headers?.Authorization), url.href);
      },
    ),
    { numRuns: 300 },
  );
});
