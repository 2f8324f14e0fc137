// A provider in a process of its own that sends at a fixed rate, whether or not it is answered: a slow answer makes no pause, and
// each latency counts from the time at which its request was due. Requests are made when they are due and nothing of them is
// kept: with 20,000 of them in memory the sender's own garbage collections took 10 to 30 ms each, which were taken for answers'.
// Arguments: url, secret, rate, seconds, name of the round.
import { createHmac } from "node:crypto";
import { Pool } from "undici";

const [, , url = "", secret = "", rateText = "", secondsText = "", round = ""] = process.argv;
const rate = Number(rateText);
const count = rate * Number(secondsText);
const CONNECTIONS = 64; // as a large provider keeps
const FIELDS = { text: "x".repeat(900), list: [1, 2, 3], nested: { is: true } };

const { origin, pathname } = new URL(url);
const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });

const requestOf = (n: number) => {
  const body = JSON.stringify({ type: "contact.updated", n, ...FIELDS });
  const headers = {
    "content-type": "application/json",
    "x-acme-delivery": `${round}-${n}`,
    "x-acme-signature": createHmac("sha256", secret).update(body).digest("hex"),
  };
  return { body, headers };
};

const latencies = new Float64Array(count);
let begun = 0;
let answered = 0;
let failed = 0;
const allAnswered = Promise.withResolvers<void>();

const send = async (n: number, due: number): Promise<void> => {
  try {
    const { statusCode, body } = await pool.request({ method: "POST", path: pathname, ...requestOf(n) });
    await body.dump();
    if (statusCode !== 200) failed += 1;
  } catch {
    failed += 1;
  }
  latencies[n] = performance.now() - due;
  answered += 1;
  if (answered === count) allAnswered.resolve();
};

const startedAt = performance.now();
const timer = setInterval(() => {
  const due = Math.min(count, Math.floor(((performance.now() - startedAt) * rate) / 1000));
  for (; begun < due; begun += 1) void send(begun, startedAt + (begun * 1000) / rate);
  if (begun === count) clearInterval(timer);
}, 1);
await allAnswered.promise;
const seconds = (performance.now() - startedAt) / 1000;
await pool.close();
latencies.sort();
const at = (share: number): number => latencies[Math.floor((count - 1) * share)] as number;
console.log(JSON.stringify({ count, failed, perSecond: count / seconds, p50: at(0.5), p99: at(0.99), max: at(1) }));
