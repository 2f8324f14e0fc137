// What a provider says about a connection once it lets it in, kept in the connection's config: the site, company or workspace
// that its webhooks name and its base URL needs. Which, its entry says in `after_connecting`.
import { createHash } from "node:crypto";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { AppError } from "../errors.ts";
import type { ProxyTarget } from "../outbound/types.ts";
import { missingPart } from "../providers/credentials.ts";
import type { AfterConnecting } from "../providers/entry/after-connecting.ts";
import { fillTemplate, readPath } from "../providers/template.ts";
import type { AuthDeps } from "./auth.ts";
import { wordedRequest } from "./provider-request.ts";

const LONGEST_MS = 10_000; // for all requests of a connection together: somebody is waiting at a browser
const MOST_BYTES = 1_000_000;

type Config = Record<string, unknown>;
type Kept = AfterConnecting["keep"];

const kept = (keep: Kept, item: unknown): Config =>
  Object.fromEntries(
    Object.entries(keep).flatMap(([name, place]) => {
      const value = readPath(item, typeof place === "string" ? place : place.path) ?? undefined;
      if (value === undefined || typeof value === "object") return [];
      return [[name, typeof place === "string" ? value : createHash("sha256").update(String(value)).digest("hex")]];
    }),
  );

const names = (config: Config, facts: Config): boolean => {
  const known = Object.entries(facts).filter(([name]) => config[name] !== undefined);
  return known.length > 0 && known.every(([name, value]) => String(config[name]) === String(value));
};

/** The item of a list that counts; undefined when none does. One that the config names already goes first. */
const choose = ({ choose: how, keep }: AfterConnecting, answer: unknown, target: ProxyTarget): unknown => {
  if (how === undefined) return answer;
  const list = how.from === "" ? answer : readPath(answer, how.from);
  if (!Array.isArray(list)) return undefined;
  const named = list.find((item) => names(target.connectionConfig, kept(keep, item)));
  if (named !== undefined) return named;
  const wanted = Object.entries(how.where).map(([path, template]) => ({ path, ...fillTemplate(template, target) }));
  if (wanted.length > 0 && wanted.every(({ missing }) => missing.length === 0))
    return list.find((item) => wanted.every(({ path, text }) => String(readPath(item, path)) === text));
  return how.otherwise === "only" && list.length !== 1 ? undefined : list[0];
};

const readBody = async (body: Readable): Promise<unknown> => {
  let bytes = 0;
  body.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) body.destroy(new Error("the answer is longer than a megabyte"));
  });
  return JSON.parse(await text(body));
};

const ABSOLUTE = /^(https?:\/\/[^/?]+)(.*)$/s;

const ask = async ({ forward }: AuthDeps, one: AfterConnecting, target: ProxyTarget, signal: AbortSignal) => {
  const { missing, text: url } = fillTemplate(one.url, target);
  if (missing.length > 0) throw new Error(`it needs ${missing.join(", ")}`);
  const [, baseUrl, path] = ABSOLUTE.exec(url) ?? [];
  const worded = { ...one, endpoint: path ?? url, baseUrl };
  const { status, body } = await forward(wordedRequest(worded, target), async () => target, { signal });
  if (status >= 300) {
    body.destroy();
    throw new Error(`${target.provider.display_name} answered ${status}`);
  }
  return kept(one.keep, choose(one, await readBody(body), target));
};

/**
 * The config of `target`'s connection with what its provider says. Fields that a form asks for stay as they were given. A
 * request that fails is logged and leaves its fields out: a connection is not lost for it.
 */
export const askAfterConnecting = async (deps: AuthDeps, target: ProxyTarget): Promise<Config> => {
  const { provider, credentials } = target;
  const isGiven = (config: Config, name: string): boolean => {
    const field = provider.connection_config?.[name];
    return field !== undefined && field.automated !== true && config[name] !== undefined;
  };
  const signal = AbortSignal.timeout(LONGEST_MS);
  let config = target.connectionConfig;
  for (const one of missingPart(credentials) === null ? (provider.after_connecting ?? []) : []) {
    try {
      const found = await ask(deps, one, { ...target, connectionConfig: config }, signal);
      const fresh = Object.entries(found).filter(([name]) => !isGiven(config, name));
      config = { ...config, ...Object.fromEntries(fresh) };
    } catch (error) {
      const says = error instanceof AppError || error instanceof Error ? error.message : String(error);
      const event = "connection.after_connecting_failed";
      deps.log.warn({ event, url: one.url, reason: says }, "left out of a connection's config");
    }
  }
  return config;
};
