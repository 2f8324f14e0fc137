// `syncline provider`: runs the bundled provider until a signal ends it.
import { once } from "node:events";
import { type Command, InvalidArgumentError } from "commander";
import type { RateLimit } from "../bundled-provider/rate-limit.ts";
import { createBundledProvider, DEFAULT_API_KEY } from "../bundled-provider/server.ts";

type Options = {
  port: number;
  host: string;
  seed: number;
  contacts: number;
  companies: number;
  tickets: number;
  apiKey: string;
  rateLimit?: RateLimit;
  tokenSeconds: number;
  pageDelayMs: number;
  json?: true;
};

const UNITS_MS: Record<string, number> = { ms: 1, s: 1000, m: 60_000 };

/** Reads "100/10s": at most 100 requests in each 10 seconds; ms, s and m are known. */
export const parseRateLimit = (text: string): RateLimit => {
  const [, requests, length, unit] = /^(\d+)\/(\d+)(ms|s|m)$/.exec(text) ?? [];
  const limit = { requests: Number(requests), windowMs: Number(length) * (UNITS_MS[unit ?? ""] ?? 0) };
  if (limit.requests > 0 && limit.windowMs > 0) return limit;
  throw new InvalidArgumentError('Write it as "100/10s".');
};

const whole = (text: string): number => {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It must be a whole number.");
};

const run = async ({ json: isJson, contacts, companies, tickets, apiKey, ...options }: Options): Promise<void> => {
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const rows = { contacts, companies, tickets };
  const provider = await createBundledProvider({ ...options, rows, apiKeys: [apiKey] });
  const { url, credentials } = provider;
  const example = `curl -H 'X-Api-Key: ${apiKey}' '${url}/v1/contacts?limit=2'`;
  const text = [
    `Acme listens on ${url}`,
    `API key: ${apiKey}`,
    `OAuth 2 (provider acme-oauth2): client ${credentials.clientId}, secret ${credentials.clientSecret}, refresh token ${credentials.refreshToken}`,
    `Try: ${example}`,
    `Faults: curl '${url}/admin/faults' -d '{"kind": "503", "path": "/v1/contacts", "times": 2}'`,
  ].join("\n");
  process.stdout.write(`${isJson ? JSON.stringify({ url, ...credentials, rows, example }) : text}\n`);
  await stopped;
  await provider.close();
};

/** Adds `syncline provider` to the program. It ends with exit code 0 on SIGINT and SIGTERM. */
export const addProviderCommand = (program: Command): void => {
  program
    .command("provider")
    .description("run Acme, a small API to test against, with faults on request")
    .option("--port <number>", "port to listen on; 0 takes a free one", whole, 4010)
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--seed <number>", "the same seed makes the same rows", whole, 1)
    .option("--contacts <count>", "contacts to start with, up to 1,000,000", whole, 1000)
    .option("--companies <count>", "companies to start with, up to 1,000,000", whole, 200)
    .option("--tickets <count>", "tickets to start with, up to 1,000,000", whole, 500)
    .option("--api-key <key>", "the API key that is accepted", DEFAULT_API_KEY)
    .option("--rate-limit <requests/time>", 'for example "100/10s"; none unless given', parseRateLimit)
    .option("--token-seconds <seconds>", "how long an OAuth 2 access token lives", whole, 3600)
    .option("--page-delay-ms <ms>", "wait before each page is sent", whole, 0)
    .option("--json", "print one line of JSON instead of text")
    .action(run);
};
