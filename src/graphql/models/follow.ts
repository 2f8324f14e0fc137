// The schema of each environment in use, kept as its functions are deployed: told by a notice within milliseconds, and by
// looking every 10 s, because what is sent while nobody listens is lost. A schema is built while nothing else runs (40 ms and
// what the models add), so deployments that come together are one build, and builds take at most a fifth of the time.
import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { GraphQLSchema } from "postgraphile/graphql";
import { listen } from "../../db/listen.ts";
import { type DeclaredModel, listModels, listModelVersions } from "../../db/models.ts";
import { createPool } from "../../db/pool.ts";
import type { Logger } from "../../log.ts";

const LOOK_AGAIN_MS = 10_000;
const MOST_ENVIRONMENTS = 200; // one is 1.4 MB and what its models add
const SHARE_OF_TIME = 5;
const LONGEST_PAUSE_MS = 1_500;

/** What serves a schema, and takes another one while it serves. */
type Server = { setSchema: (schema: GraphQLSchema) => void };

type Kept<S> = { server: S; version: string; digest: string; isRefreshing: boolean; isStale: boolean };

type Deps<S> = {
  url: string;
  log: Logger;
  build: (declared: DeclaredModel[]) => GraphQLSchema;
  serve: (schema: GraphQLSchema) => S;
};

const digestOf = (declared: DeclaredModel[]): string =>
  createHash("sha256").update(JSON.stringify(declared)).digest("base64");

/** `of` gives what serves an environment, made when it is first asked for; its schema follows deployments from then on. */
export const followModels = <S extends Server>({ url, log, build, serve }: Deps<S>) => {
  // Not the pool of the queries that people write: a deployment is followed however busy that is.
  const applicationName = `syncline schemas ${process.pid}`;
  const pool = createPool({ url, max: 1, applicationName, log });
  const kept = new Map<number, Promise<Kept<S>>>();
  const closing = new AbortController();

  const versionOf = async (environment: number): Promise<string> =>
    (await listModelVersions(pool, { environments: [environment] }))[0]!.version;

  const firstSchema = (environment: number, declared: DeclaredModel[]): GraphQLSchema => {
    try {
      return build(declared);
    } catch (err) {
      log.error({ event: "graphql.schema_not_built", environment, err }, "records have no types here");
      return build([]);
    }
  };

  const open = async (environment: number): Promise<Kept<S>> => {
    const version = await versionOf(environment); // before the models: seen too old it is looked at again
    const declared = await listModels(pool, { environment });
    return {
      server: serve(firstSchema(environment, declared)),
      version,
      digest: digestOf(declared),
      isRefreshing: false,
      isStale: false,
    };
  };

  const refreshOnce = async (environment: number, one: Kept<S>): Promise<number> => {
    const version = await versionOf(environment);
    const declared = await listModels(pool, { environment });
    const digest = digestOf(declared);
    let pause = 0;
    if (digest !== one.digest) {
      const startedAt = performance.now();
      one.server.setSchema(build(declared));
      const tookMs = performance.now() - startedAt;
      log.info(
        { event: "graphql.schema_built", environment, ms: Math.round(tookMs) },
        "the schema follows a deployment",
      );
      pause = Math.min(tookMs * (SHARE_OF_TIME - 1), LONGEST_PAUSE_MS);
    }
    Object.assign(one, { version, digest });
    return pause;
  };

  const refresh = async (environment: number): Promise<void> => {
    const one = await kept.get(environment);
    if (one === undefined) return;
    one.isStale = true;
    if (one.isRefreshing) return;
    one.isRefreshing = true;
    try {
      while (one.isStale && !closing.signal.aborted) {
        one.isStale = false;
        const pause = await refreshOnce(environment, one);
        await sleep(pause, undefined, { signal: closing.signal }).catch(() => {});
      }
    } finally {
      one.isRefreshing = false;
    }
  };

  const refreshLater = (environment: number): void => {
    refresh(environment).catch((err) =>
      log.warn({ event: "graphql.schema_not_built", environment, err }, "the schema of before stays"),
    );
  };

  const look = async (): Promise<void> => {
    const environments = [...kept.keys()];
    if (environments.length === 0) return;
    for (const { environment, version } of await listModelVersions(pool, { environments })) {
      const one = await kept.get(environment);
      if (one !== undefined && one.version !== version) refreshLater(environment);
    }
  };
  const lookLater = (): void => {
    look().catch((err) => log.warn({ event: "graphql.models_not_read", err }, "trying again"));
  };

  const listening = listen({
    url,
    channel: "syncline_deployed",
    applicationName,
    onNotice: (environment) => refreshLater(Number(environment)),
    onListening: lookLater,
    log,
  });
  const timer = setInterval(lookLater, LOOK_AGAIN_MS).unref();

  return {
    of: async (environment: number): Promise<S> => {
      const found = kept.get(environment) ?? open(environment);
      kept.delete(environment);
      kept.set(environment, found); // the one asked for last is forgotten last
      found.catch(() => kept.delete(environment));
      if (kept.size > MOST_ENVIRONMENTS) kept.delete(kept.keys().next().value!);
      return (await found).server;
    },
    close: async (): Promise<S[]> => {
      clearInterval(timer);
      closing.abort();
      await listening.close();
      const opened = await Promise.allSettled(kept.values());
      await pool.end();
      return opened.flatMap((one) => (one.status === "fulfilled" ? [one.value.server] : []));
    },
  };
};
