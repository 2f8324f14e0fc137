// Tells subscribers about each edit by a signed POST; on request some arrive twice, or after the one that came later.
// Deliveries to one subscriber go out one after the other. Which are doubled or held back is seeded.
import { createHmac } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { createRandom, type Random } from "./random.ts";
import type { Stats } from "./stats.ts";
import type { Edit } from "./world.ts";

/** `duplicate` and `reorder` are probabilities for each webhook; `kinds` limits which edits are told. */
export const Subscription = z.strictObject({
  url: z.url({ protocol: /^https?$/ }),
  secret: z.string().min(1),
  kinds: z.array(z.enum(["contacts", "companies", "tickets"])).optional(),
  duplicate: z.number().min(0).max(1).default(0),
  reorder: z.number().min(0).max(1).default(0),
});
export type Subscription = z.input<typeof Subscription>;

type Delivery = { id: string; body: string };
type Subscriber = {
  id: number;
  options: z.output<typeof Subscription>;
  random: Random;
  held: Delivery | undefined;
  sent: Promise<void>;
};
type Options = { seed: number; stats: Stats; retryMs: number };

const ATTEMPTS = 3;
const TIMEOUT_MS = 10_000;
// A held delivery goes out behind the next one; when none follows soon, it goes out by itself.
const HOLD_MS = 250;

/** The signature Acme sends: hex HMAC-SHA256 of the raw body. */
export const signWebhook = (secret: string, body: string): string =>
  createHmac("sha256", secret).update(body).digest("hex");

/** Keeps subscriptions and sends deliveries; a delivery is tried three times, `retryMs` apart. */
export const createWebhooks = ({ seed, stats, retryMs }: Options) => {
  let subscribers: Subscriber[] = [];
  let added = 0;
  let told = 0;
  let ending = new AbortController();

  const post = async ({ url, secret }: Subscriber["options"], { id, body }: Delivery, signal: AbortSignal) => {
    const headers = {
      "content-type": "application/json",
      "x-acme-delivery": id,
      "x-acme-signature": signWebhook(secret, body),
    };
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await fetch(url, { method: "POST", headers, body, signal: limit });
    await response.body?.cancel();
    return response.ok;
  };

  const attempt = async (subscriber: Subscriber, delivery: Delivery, signal: AbortSignal) => {
    for (let tries = 1; !signal.aborted; tries += 1) {
      const isDone = await post(subscriber.options, delivery, signal).catch(() => false);
      if (isDone) stats.webhooks.delivered += 1;
      else if (tries === ATTEMPTS) stats.webhooks.failed += 1;
      if (isDone || tries === ATTEMPTS) return;
      await delay(retryMs, undefined, { signal }).catch(() => undefined);
    }
  };

  const enqueue = (subscriber: Subscriber, delivery: Delivery) => {
    const isDouble = subscriber.random.chance(subscriber.options.duplicate);
    if (isDouble) stats.webhooks.duplicated += 1;
    const { signal } = ending;
    for (let copies = isDouble ? 2 : 1; copies > 0; copies -= 1) {
      subscriber.sent = subscriber.sent.then(() => attempt(subscriber, delivery, signal));
    }
  };

  const release = (subscriber: Subscriber) => {
    const { held } = subscriber;
    subscriber.held = undefined;
    if (held) enqueue(subscriber, held);
  };

  const offer = (subscriber: Subscriber, delivery: Delivery) => {
    if (subscriber.held) {
      stats.webhooks.reordered += 1;
      enqueue(subscriber, delivery);
      release(subscriber);
    } else if (subscriber.random.chance(subscriber.options.reorder)) {
      subscriber.held = delivery;
      setTimeout(() => subscriber.held === delivery && release(subscriber), HOLD_MS).unref();
    } else enqueue(subscriber, delivery);
  };

  const show = ({ id, options: { secret: _, ...shown } }: Subscriber) => ({ id, ...shown });

  const stop = () => {
    ending.abort();
    ending = new AbortController();
    subscribers = [];
  };

  return {
    /** Subscribes to all later edits. Throws ZodError. */
    add: (input: Subscription) => {
      added += 1;
      const random = createRandom(seed, added, 0x3eb);
      const options = Subscription.parse(input);
      const subscriber = { id: added, options, random, held: undefined, sent: Promise.resolve() };
      subscribers.push(subscriber);
      return show(subscriber);
    },
    list: () => subscribers.map(show),
    /** Tells every subscriber of one edit. Returns at once. */
    tell: (edit: Edit): void => {
      const wanted = subscribers.filter(({ options }) => options.kinds?.includes(edit.kind) ?? true);
      if (wanted.length === 0) return;
      told += 1;
      const id = `dlv_${told}`;
      const body = JSON.stringify({
        id,
        type: `${edit.kind}.${edit.action}`,
        object_id: edit.id,
        occurred_at: edit.at,
        data: edit.row,
      });
      for (const subscriber of wanted) offer(subscriber, { id, body });
    },
    /** Sends what was held back, and waits until every delivery so far has arrived or was given up. */
    settled: async (): Promise<void> => {
      subscribers.forEach(release);
      await Promise.all(subscribers.map(({ sent }) => sent));
    },
    /** Ends all subscriptions; what was not sent is dropped. */
    clear: stop,
    /** As clear, and begins ids and draws anew. */
    reset: (): void => {
      stop();
      [added, told] = [0, 0];
    },
  };
};
