// Requests that no HTTP client can send: broken ones, half ones, and ones that two servers in a row would read differently.
import { KEYS } from "./running.ts";

const KEY = `Authorization: Bearer ${KEYS.dev}`;
const POST = `POST /sync/start HTTP/1.1\r\nHost: x\r\n${KEY}\r\nContent-Type: application/json\r\n`;
const GET = `GET /connections HTTP/1.1\r\nHost: x\r\n${KEY}\r\n`;
const BODY = '{"syncs":[],"provider_config_key":"crm"}';
const SECOND = `GET /integrations HTTP/1.1\r\nHost: x\r\n${KEY}\r\n\r\n`;

/** By name. `most` is how many answers may come at most: a second one would answer a request that was smuggled in. */
export const RAW: { [name: string]: { bytes: string; most: number } } = {
  "no request": { bytes: "\r\n\r\n\r\n", most: 1 },
  rubbish: { bytes: "\x00\x01\x02\xff\xfe\r\n\r\n", most: 1 },
  "a TLS hello": { bytes: "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", most: 1 },
  "HTTP/2": { bytes: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", most: 1 },
  "HTTP/0.9": { bytes: "GET /health\r\n\r\n", most: 1 },
  "HTTP/9.9": { bytes: "GET /health HTTP/9.9\r\nHost: x\r\n\r\n", most: 1 },
  "no host": { bytes: "GET /health HTTP/1.1\r\n\r\n", most: 1 },
  "two hosts": { bytes: "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", most: 1 },
  "an unknown verb": { bytes: "BREW /health HTTP/1.1\r\nHost: x\r\n\r\n", most: 1 },
  "a whole URL": { bytes: "GET http://other.example/connections HTTP/1.1\r\nHost: x\r\n\r\n", most: 1 },
  "a URL that is none": { bytes: "GET http://[::1/connections HTTP/1.1\r\nHost: x\r\n\r\n", most: 1 },
  CONNECT: { bytes: "CONNECT 127.0.0.1:5432 HTTP/1.1\r\nHost: x\r\n\r\n", most: 1 },
  "OPTIONS *": { bytes: "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", most: 1 },
  "an upgrade": { bytes: `${GET}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`, most: 1 },
  "a path with NUL": { bytes: `GET /integrations/a\x00b HTTP/1.1\r\nHost: x\r\n${KEY}\r\n\r\n`, most: 1 },
  "a path with bytes over 127": {
    bytes: `GET /integrations/\xed\xa0\x80 HTTP/1.1\r\nHost: x\r\n${KEY}\r\n\r\n`,
    most: 1,
  },
  "a path of 60 kB": { bytes: `GET /${"a".repeat(60_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, most: 1 },
  "a header with NUL": { bytes: `${GET}X-A: a\x00b\r\n\r\n`, most: 1 },
  "a header with a lone CR": { bytes: `${GET}X-A: a\rb\r\n\r\n`, most: 1 },
  "a header of 60 kB": { bytes: `${GET}X-A: ${"a".repeat(60_000)}\r\n\r\n`, most: 1 },
  "3,000 headers": { bytes: `${GET}${"X-A: b\r\n".repeat(3_000)}\r\n`, most: 1 },
  "a space before the colon": { bytes: `${GET}X-A : b\r\n\r\n`, most: 1 },
  "a folded header": { bytes: `${GET}X-A: b\r\n c\r\n\r\n`, most: 1 },
  "a header without a name": { bytes: `${GET}: b\r\n\r\n`, most: 1 },
  "two authorizations": { bytes: `${GET}${KEY}x\r\n\r\n`, most: 1 },
  "half a request line": { bytes: "GET /hea", most: 0 },
  "half the headers": { bytes: GET, most: 0 },
  "half a body": { bytes: `${POST}Content-Length: 1000\r\n\r\n${BODY}`, most: 0 },
  "a negative length": { bytes: `${POST}Content-Length: -1\r\n\r\n${BODY}`, most: 1 },
  "a length in hex": { bytes: `${POST}Content-Length: 0x28\r\n\r\n${BODY}`, most: 1 },
  "a length beyond numbers": { bytes: `${POST}Content-Length: 99999999999999999999999\r\n\r\n${BODY}`, most: 1 },
  "a length of a terabyte": { bytes: `${POST}Content-Length: 1099511627776\r\n\r\n${BODY}`, most: 1 },
  "two lengths": { bytes: `${POST}Content-Length: 5\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`, most: 1 },
  "a chunk of no size": { bytes: `${POST}Transfer-Encoding: chunked\r\n\r\nzz\r\n${BODY}\r\n0\r\n\r\n`, most: 1 },
  "a chunk of a huge size": { bytes: `${POST}Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n${BODY}`, most: 1 },
  "a chunk that is short": { bytes: `${POST}Transfer-Encoding: chunked\r\n\r\n5\r\n${BODY}\r\n0\r\n\r\n`, most: 1 },
  "a long chunk extension": {
    bytes: `${POST}Transfer-Encoding: chunked\r\n\r\n1;${"a".repeat(40_000)}\r\n{\r\n0\r\n\r\n`,
    most: 1,
  },
  "bad trailers": { bytes: `${POST}Transfer-Encoding: chunked\r\n\r\n0\r\n:bad\r\n\r\n`, most: 1 },
  "length and chunks": {
    bytes: `${POST}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${SECOND}`,
    most: 1,
  },
  "chunks and length": {
    bytes: `${POST}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n${SECOND}`,
    most: 1,
  },
  "an encoding with a space": { bytes: `${POST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${SECOND}`, most: 1 },
  "an encoding that is none": { bytes: `${POST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${SECOND}`, most: 1 },
  "two encodings": {
    bytes: `${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n${SECOND}`,
    most: 1,
  },
  "line feeds alone": { bytes: `${POST.replaceAll("\r\n", "\n")}Content-Length: 0\n\n${SECOND}`, most: 1 },
  "a request after the body": { bytes: `${GET}Content-Length: 0\r\n\r\n${SECOND}`, most: 2 },
};
