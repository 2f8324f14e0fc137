// A provider in a process of its own that sends at a fixed rate, whether or not it is answered: a slow answer makes no pause, and
// each latency counts from the time at which its request was due. Arguments: url, secret, rate, seconds, name of the round.
import { createHmac } from "node:crypto";
import { Pool } from "undici";

const [, , url = "", secret = "", rateText = "", secondsText = "", round = ""] = process.argv;
const rate = Number(rateText);
const count = rate * Number(secondsText);
const CONNECTIONS = 64; // as a large provider keeps
const FIELDS = { text: "x".repeat(900), list: [1, 2, 3], nested: { is: true } };

const { origin, pathname } = new URL(url);
const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: 1 });

const requests = Array.from({ length: count }, (_, n) => {
  const body = JSON.stringify({ type: "contact.updated", n, ...FIELDS });
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const headers = {
    "content-type": "application/json",
    "x-acme-delivery": `${round}-${n}`,
    "x-acme-signature": signature,
  };
  return { body, headers };
});

const latencies: number[] = [];
let failed = 0;
const send = async (n: number, due: number): Promise<void> => {
  try {
    const { statusCode, body } = await pool.request({ method: "POST", path: pathname, ...requests[n]! });
    await body.dump();
    if (statusCode !== 200) failed += 1;
  } catch {
    failed += 1;
  }
  latencies.push(performance.now() - due);
};

const startedAt = performance.now();
const sending: Promise<void>[] = [];
await new Promise<void>((resolve) => {
  const timer = setInterval(() => {
    const due = Math.min(count, Math.floor(((performance.now() - startedAt) * rate) / 1000));
    while (sending.length < due) sending.push(send(sending.length, startedAt + (sending.length * 1000) / rate));
    if (sending.length < count) return;
    clearInterval(timer);
    resolve();
  }, 1);
});
await Promise.all(sending);
const seconds = (performance.now() - startedAt) / 1000;
await pool.close();
latencies.sort((a, b) => a - b);
const at = (share: number): number => latencies[Math.floor((count - 1) * share)] as number;
console.log(JSON.stringify({ count, failed, perSecond: count / seconds, p50: at(0.5), p99: at(0.99), max: at(1) }));
