// Promise: no byte reaches a private or reserved address that the operator did not name, however the address is written.
import assert from "node:assert/strict";
import type { LookupFunction } from "node:net";
import { test } from "node:test";
import { createAddressGuard } from "../../src/outbound/address-guard.ts";
import { createSender, startServer, target } from "./server.ts";

const REFUSED = [
  ...["127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "169.254.169.254"],
  ...[
    "100.64.0.1",
    "100.100.100.200",
    "0.0.0.0",
    "0.1.2.3",
    "192.0.0.192",
    "192.0.2.1",
    "198.18.0.1",
    "198.19.255.255",
  ],
  ...["198.51.100.7", "203.0.113.9", "192.88.99.1", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"],
  ...["168.63.129.16", "::1", "::", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1"],
  ...["fe80::1", "fe80::1%lo", "febf::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fdff::1", "ff02::1", "100::1"],
  ...["64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a00:1::1", "2001:db8::1"],
  ...["2001::1", "2001:2::1", "2001:10::1", "2001:20::1", "3fff::1", "5f00::1", "4000::1", "::ffff:0:127.0.0.1"],
];
const PUBLIC = ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "::ffff:8.8.8.8", "2a00::1"];

const LITERALS = [
  ...["127.0.0.1", "2130706433", "0x7f000001", "017700000001", "0x7f.0.0.1", "127.1", "0177.0.0.1", "127.0.0.1."],
  ...["0", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:127.0.0.1]", "１２７.0.0.1"],
];

test("every private, reserved and mapped address is refused, and public ones pass", () => {
  const guard = createAddressGuard([]);
  for (const address of REFUSED) {
    assert.throws(() => guard.checkLiteral(address), { code: "host_not_allowed" }, address);
    assert.throws(() => guard.checkResolved("name.example", [address]), { code: "host_not_allowed" }, address);
  }
  for (const address of PUBLIC) {
    guard.checkLiteral(address);
    guard.checkResolved("name.example", [address]);
  }
});

test("what the operator allows may be a host, an address or a CIDR, and opens nothing else", () => {
  const guard = createAddressGuard(["10.1.0.0/16", "::1", "Internal.Example", "192.168.7.7"]);
  guard.checkLiteral("10.1.2.3");
  guard.checkLiteral("[::1]");
  guard.checkLiteral("192.168.7.7");
  guard.checkLiteral("::ffff:10.1.2.3");
  guard.checkResolved("internal.example.", ["10.9.9.9"]);
  for (const address of ["10.2.0.1", "192.168.7.8", "127.0.0.1", "::2"]) {
    assert.throws(() => guard.checkLiteral(address), { code: "host_not_allowed" }, address);
  }
  assert.throws(() => guard.checkResolved("evil-internal.example", ["10.9.9.9"]), { code: "host_not_allowed" });
  assert.throws(() => createAddressGuard(["10.0.0.0/99"]), { code: "invalid_settings" });
});

test("loopback in any spelling is refused before a connection is made", async (t) => {
  const server = await startServer(t, (_seen, response) => response.end("reached"));
  const { send } = createSender({ allowPrivateHosts: [] });
  for (const host of LITERALS) {
    const base = `http://${host}:${server.port}`;
    await assert.rejects(send({ retries: 3 }, target(base)), { code: "host_not_allowed" }, host);
  }
  assert.equal(server.requests.length, 0);
});

test("a name is judged by every address it resolves to, on each connection", async (t) => {
  const server = await startServer(t, (_seen, response) => response.end("reached"));
  const answers = [["127.0.0.1"], ["1.1.1.1", "127.0.0.1"], ["::1"]];
  const asked: string[] = [];
  const lookup: LookupFunction = (hostname, _options, callback) => {
    asked.push(hostname);
    const addresses = answers[asked.length - 1]!;
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
    );
  };
  const { send } = createSender({ allowPrivateHosts: [], lookup });
  for (const _ of answers) {
    await assert.rejects(send({}, target(`http://rebound.example:${server.port}`)), { code: "host_not_allowed" });
  }
  assert.deepEqual(asked, ["rebound.example", "rebound.example", "rebound.example"]);
  assert.equal(server.requests.length, 0);
});

test("localhost is refused through the system's resolver, and reached once it is allowed", async (t) => {
  const server = await startServer(t, (_seen, response) => response.end("reached"));
  const base = `http://localhost:${server.port}`;
  await assert.rejects(createSender({ allowPrivateHosts: [] }).send({}, target(base)), { code: "host_not_allowed" });
  assert.equal(server.requests.length, 0);
  const answer = await createSender({ allowPrivateHosts: ["localhost"] }).send({}, target(base));
  assert.equal(answer.data, "reached");
});

test("a redirect to a private address is refused though the first hop was allowed", async (t) => {
  const trap = await startServer(t, (_seen, response) => response.end("reached"));
  const locations = [`http://127.0.0.2:${trap.port}/`, `http://[::ffff:7f00:2]:${trap.port}/`, "file:///etc/passwd"];
  const server = await startServer(t, (_seen, response, count) =>
    response.writeHead(302, { location: locations[count - 1]! }).end(),
  );
  const { send } = createSender({ allowPrivateHosts: ["127.0.0.1"] });
  for (const location of locations) {
    await assert.rejects(send({ retries: 2 }, target(server.url)), { code: "host_not_allowed" }, location);
  }
  assert.equal(trap.requests.length, 0);
});
