// Promise: where a provider knows its clients by certificates, token requests and requests show the connection's, and no other.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import type { TLSSocket } from "node:tls";
import { obtain } from "../../../src/auth/obtain.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import { createSender, target } from "../../outbound/server.ts";
import { contextOf } from "./world.ts";

const folder = mkdtempSync(path.join(os.tmpdir(), "syncline-certificates-"));

const certificate = (name: string) => {
  const [key, cert] = [path.join(folder, `${name}.key`), path.join(folder, `${name}.pem`)];
  const how = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  execFileSync("openssl", [...how, "-subj", `/CN=${name}`, "-keyout", key, "-out", cert], { stdio: "ignore" });
  return { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") };
};

const credentialsOf = ({ cert, key }: { cert: string; key: string }): Credentials => ({
  type: "OAUTH2_CC",
  client_id: "adp",
  client_certificate: cert,
  client_private_key: key,
  token: "t",
});

test("each connection shows its own certificate, and one without is refused", async (t) => {
  const [own, ada, bob] = ["127.0.0.1", "ada", "bob"].map(certificate) as [
    ReturnType<typeof certificate>,
    ...ReturnType<typeof certificate>[],
  ];
  const shown: string[] = [];
  const server = createServer(
    { ...own, ca: [ada!.cert, bob!.cert], requestCert: true, rejectUnauthorized: false },
    (request, response) => {
      const socket = request.socket as TLSSocket;
      const name = socket.authorized ? String(socket.getPeerCertificate().subject.CN) : "nobody";
      shown.push(name);
      response.writeHead(name === "nobody" ? 401 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify({ access_token: `of ${name}` }));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  // The server's certificate is its own; whether it is trusted is not what is tested here.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  process.removeAllListeners("warning");
  t.after(() => {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  });
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const entry = { auth_mode: "OAUTH2_CC", token_url: `${url}/token`, require_client_certificate: true };
  const ask = async (given: Credentials) => {
    const { credentials } = await obtain(contextOf(entry, given));
    return "token" in credentials ? credentials.token : undefined;
  };
  assert.equal(await ask(credentialsOf(ada!)), "of ada");
  assert.equal(await ask(credentialsOf(bob!)), "of bob");
  assert.equal(await ask(credentialsOf(ada!)), "of ada");
  await assert.rejects(ask({ type: "OAUTH2_CC", client_id: "adp" }), { code: "invalid_credentials" });
  const plain = { auth_mode: "OAUTH2_CC", token_url: `${url}/token` };
  const without: Credentials = { type: "OAUTH2_CC", client_id: "adp", client_secret: "s" };
  await assert.rejects(obtain(contextOf(plain, without)), { code: "refresh_token_external_error" });

  const { send } = createSender();
  await send({ endpoint: "/api" }, target(url, { credentials: credentialsOf(bob!) }));
  assert.deepEqual(shown, ["ada", "bob", "ada", "nobody", "bob"]);
});
