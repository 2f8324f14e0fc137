// The events of one subscription: read by cursor, one page at a time, when its client has taken the page before. What wakes it
// says only that there may be something new, so nothing is lost with a wake that comes twice, late or while it reads.
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode } from "../../errors.ts";
import type { Hub, Topic } from "./hub.ts";
import type { Pace } from "./pace.ts";

const AGAIN_MS = 1_000;

/** What one read gave. `hasMore`: there may be another page already. `isLast`: nothing will ever come after it. */
export type Page<T> = { events: T[]; hasMore: boolean; isLast?: boolean };

/** What a subscription watches, and how it reads the next page. */
export type Source<T> = { topic: Topic; read: () => Promise<Page<T>> };

type Followed<T> = { hub: Hub; pace: Pace; open: () => Promise<Source<T>> };

const createNews = (signal: AbortSignal) => {
  let isNew = true;
  let go = (): void => {};
  signal.addEventListener("abort", () => go(), { once: true });
  return {
    wake: (): void => {
      isNew = true;
      go();
    },
    next: async (): Promise<void> => {
      while (!isNew && !signal.aborted) {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
      }
      isNew = false;
    },
  };
};

// A database that is away for a moment ends no subscription.
const patiently = async <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> => {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || !hasCode(error, "database_unavailable")) throw error;
      await sleep(AGAIN_MS, undefined, { signal }).catch(() => {});
    }
  }
};

async function* follow<T>({ hub, pace, open }: Followed<T>, signal: AbortSignal): AsyncGenerator<T> {
  const { topic, read } = await patiently(signal, open);
  const news = createNews(signal);
  const unwatch = hub.watch(topic, news.wake);
  try {
    let page: Page<T> = { events: [], hasMore: false };
    while (!page.isLast) {
      await pace.ready();
      do {
        if (!page.hasMore) await news.next();
        if (signal.aborted) return;
        page = await patiently(signal, read);
      } while (page.events.length === 0 && !page.isLast);
      for (const [at, event] of page.events.entries()) {
        if (at > 0) await pace.ready();
        if (signal.aborted) return;
        yield event;
      }
    }
  } finally {
    unwatch();
  }
}

/** The events, which end when `return` is called, though the next one may never come. */
export const createEvents = <T>(followed: Followed<T>): AsyncIterableIterator<T> => {
  const ended = new AbortController();
  const events = follow(followed, ended.signal);
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    next: () => events.next(),
    return: async () => {
      ended.abort();
      followed.pace.want();
      return await events.return(undefined);
    },
  };
};
