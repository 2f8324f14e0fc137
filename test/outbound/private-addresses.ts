// Addresses that no request may reach, in the forms that get past naive checks, and a trap that listens where they lead.
import dns from "node:dns";
import { once } from "node:events";
import { createServer, type LookupFunction, type Server } from "node:net";
import { networkInterfaces } from "node:os";
import type { TestContext } from "node:test";

const IPV4 = [
  ...[
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.0.0.1",
    "0x7f.1",
    "017700000001",
    "0177.0.0.1",
  ],
  ...["00000177.0.0.01", "127.0.0.1.", "127.255.255.254", "0", "0.0.0.0", "00000000", "0x0", "10.0.0.1", "10.1"],
  ...["172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.257", "3232235521", "169.254.169.254", "2852039166"],
  ...["0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "169.254.43518", "100.64.0.1", "100.100.100.200"],
  ...["168.63.129.16", "192.0.0.192", "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1"],
  ...["224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"],
];
const IPV6 = [
  ...["::1", "::", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1", "::ffff:7f00:1", "0:0:0:0:0:ffff:127.0.0.1", "::127.0.0.1"],
  ...[
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::a00:1",
  ],
  ...["2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:7f00:1::1", "fe80::1", "fe80::1%25lo", "fc00::1", "fd00:ec2::254"],
  ...["fec0::1", "ff02::1", "100::1", "2001:db8::1", "3fff::1", "5f00::1"],
].map((address) => `[${address}]`);
const DISGUISED = [
  ...[
    "１２７.0.0.1",
    "127。0。0。1",
    "127．0．0．1",
    "①②⑦.⓪.⓪.①",
    "%31%32%37.0.0.1",
    "127%2e0%2e0%2e1",
    "%E2%91%A0%E2%91%A1⑦.0.0.1",
  ],
  ...["good.example@127.0.0.1", "good.example:80@127.0.0.1", "127.0.0.1%00.good.example", "good.example%40127.0.0.1"],
  ...["127.0.0.1\\@good.example", "good.example#@127.0.0.1", "good.example?@127.0.0.1"],
];

/** What names resolve to here; any other name there is not. */
const NAMES: Record<string, string[]> = {
  localhost: ["127.0.0.1", "::1"],
  "sub.localhost": ["127.0.0.1"],
  "ip6-localhost": ["::1"],
  "metadata.google.internal": ["169.254.169.254"],
  "127.0.0.1.nip.example": ["127.0.0.1"],
  "zero.example": ["0.0.0.0"],
  "mixed.example": ["1.1.1.1", "127.0.0.1"],
  "six.example": ["::1"],
  "mapped.example": ["::ffff:127.0.0.1"],
  "zone.example": ["fe80::1%lo"],
  "nat64.example": ["64:ff9b::7f00:1"],
  "xn--exmple-cua.example": ["127.0.0.1"],
};
const NAMED = [...Object.keys(NAMES), "LOCALHOST", "localhost.", "exämple.example", "lоcalhost"];

/** Texts that are no http URL of a host, or become one only in a parser that is kind. */
const odd = (port: number): string[] => [
  ...["file", "gopher", "ftp", "ws", "dict", "ldap", "unix", "jar", "netdoc"].map(
    (scheme) => `${scheme}://127.0.0.1:${port}/x`,
  ),
  ...[`http:127.0.0.1:${port}`, `http:/127.0.0.1:${port}`, `http:///127.0.0.1:${port}`, `//127.0.0.1:${port}`],
  ...[
    "file:///etc/passwd",
    "data:text/plain,x",
    "javascript:alert(1)",
    `HTTP://127.0.0.1:${port}`,
    `http:\\\\127.0.0.1:${port}`,
  ],
];

const found = (name: string): string[] | undefined => NAMES[name.toLowerCase().replace(/\.$/, "")];

/** A resolver that knows only the names of the table, and what it was asked. */
export const tableLookup: LookupFunction = (name, _options, callback) => {
  const addresses = found(name)?.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  if (addresses !== undefined) return callback(null, addresses);
  callback(Object.assign(new Error(`there is no ${name}`), { code: dns.NOTFOUND }), []);
};

const own = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ address }) => !address.startsWith("fe80"))
    .map(({ address }) => address);

const listen = async (server: Server, host: string, port: number): Promise<number> => {
  server.listen(port, host);
  await once(server, "listening");
  return (server.address() as { port: number }).port;
};

/** Servers on this machine's addresses, all on one port: what reaches them is counted. */
export const setTrap = async (t: TestContext) => {
  const caught = { connections: 0, bytes: 0 };
  const servers: Server[] = [];
  let port = 0;
  for (const host of new Set(["127.0.0.1", ...own()])) {
    const server = createServer((socket) => {
      caught.connections += 1;
      socket.on("data", (data) => (caught.bytes += data.length)).on("error", () => {});
      socket.end("HTTP/1.1 200 OK\r\ncontent-length: 7\r\nconnection: close\r\n\r\nreached");
    });
    port = await listen(server, host, port);
    servers.push(server);
  }
  t.after(() => {
    for (const server of servers) server.close();
  });
  const hosts = [...IPV4, ...IPV6, ...DISGUISED, ...NAMED, ...own().map((ip) => (ip.includes(":") ? `[${ip}]` : ip))];
  const urls = [...hosts.flatMap((host) => [`http://${host}:${port}/x`]), ...odd(port)];
  return { caught, port, urls };
};
