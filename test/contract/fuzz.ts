// Throws requests at a running server and judges every answer: none is our failure, none gives away how we are made, each is
// as the document says, and at the end the server answers as before.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import fc from "fast-check";
import { compileTexts } from "../helpers/installation.ts";
import type { TestProcess } from "../helpers/processes.ts";
import { type Answered, type Contract, readContract } from "./document.ts";
import { HARMLESS } from "./functions.ts";
import { RAW } from "./fuzz-raw.ts";
import { type Request, requestFor } from "./fuzz-request.ts";
import { createSender, sendRaw } from "./fuzz-send.ts";
import { KEYS, startRunning } from "./running.ts";
import { startUpstream } from "./upstream.ts";
import { ACCOUNT_KEY, arrange, requestWith } from "./world.ts";

const AT_ONCE = 8;
const ROUND = 500; // after so many requests what they may have deleted is made again
const SHOWN = 10;

// What tells how we are made: stack traces, files, SQL and its errors, names of tables and functions.
const LEAKS = [
  /\n\s+at .+:\d+:\d+/,
  /node_modules|file:\/\/|\/src\/\w+|\/(home|root|tmp|usr|work)\/\w/,
  /\bsyncline\.\w+|\bpg_\w+|\bSQLSTATE\b/,
  /violates \w+ constraint|invalid input syntax|invalid byte sequence|unsupported Unicode|out of range for type|deadlock detected/,
  /\bselect\b.+\bfrom\b.+\bwhere\b|\binsert into\b|\bdelete from\b/i,
  /TypeError|ReferenceError|RangeError|is not a function|Cannot read propert|Maximum call stack/,
];

// A function that fails is the function's failure, and answers so; and what we do not do is said.
const ON_PURPOSE =
  /"code":"(script_\w+|action_script_runtime_error|execution_\w+|function_runtime_\w+|invalid_action_output|not_implemented)"/;

const leaksIn = ({ target, text }: Answered): string[] =>
  /^\/(docs|openapi)/i.test(target) ? [] : LEAKS.filter((leak) => leak.test(text)).map((leak) => `leaks ${leak}`);

const isErrorShape = (text: string): boolean => {
  try {
    return typeof JSON.parse(text).error.code === "string";
  } catch {
    return false;
  }
};

/** What is wrong with an answer. */
const judge = (contract: Contract, answered: Answered): string[] => {
  const { method, target, status, text } = answered;
  const failures = status >= 500 && !ON_PURPOSE.test(text) ? [`our failure: ${status}`] : [];
  if (method === "OPTIONS" && status === 204) return [];
  if (contract.placeOf(method, target) === undefined) {
    const isRefused = method === "HEAD" || ([400, 404, 405].includes(status) && isErrorShape(text));
    return [...failures, ...leaksIn(answered), ...(isRefused ? [] : [`what is nowhere is answered ${status}`])];
  }
  return [...failures, ...leaksIn(answered), ...contract.problemsOf(answered)];
};

const show = ({ method, target, headers, body }: Request): string =>
  `${method} ${target.slice(0, 300)} ${JSON.stringify(headers).slice(0, 500)} ${body?.toString().slice(0, 500) ?? ""}`;

/** What the server's log says of a failure of ours. */
const reasonFor = ({ lines }: TestProcess, text: string): string => {
  const line = lines.find(({ event, support }) => event === "http.failed" && text.includes(String(support)));
  return line === undefined ? "" : `\n      because ${JSON.stringify(line.err).slice(0, 800)}`;
};

type Thrown = { requests: number; problems: string[]; statuses: Map<string, Set<number>> };

/** Throw `requests` of them, generated from `seed`. */
export const fuzz = async (t: TestContext, { requests, seed }: { requests: number; seed: number }): Promise<Thrown> => {
  const [functions, server, upstream] = await Promise.all([
    compileTexts(HARMLESS),
    startRunning(t, { SYNCLINE_ACCOUNT_KEY: ACCOUNT_KEY }),
    startUpstream(t),
  ]);
  const { url } = server;
  const contract = await readContract(url);
  const { send, close } = createSender(url);
  t.after(close);
  const places = contract.places;
  const problems: string[] = [];
  const statuses: Thrown["statuses"] = new Map();

  const throwOne = async (asked: Request): Promise<void> => {
    const answered = await send(asked).catch((error: Error) => error);
    if (answered instanceof Error) {
      problems.push(`${answered.message}: ${show(asked)}`);
      return;
    }
    const place = contract.placeOf(asked.method, asked.target);
    const name = place === undefined ? "nowhere" : `${place.method} ${place.path}`;
    statuses.set(name, (statuses.get(name) ?? new Set()).add(answered.status));
    const found = judge(contract, answered);
    if (found.length === 0) return;
    const why = reasonFor(server.process, answered.text);
    problems.push(
      `${found.join("; ")}: ${show(asked)}\n      answered ${answered.status} ${answered.text.slice(0, 400)}${why}`,
    );
  };

  const generated = fc.sample(fc.gen(), { numRuns: requests, seed });
  for (let from = 0; from < requests; from += ROUND) {
    await arrange({ url, key: KEYS.dev, upstream: upstream.url, functions });
    const round = generated.slice(from, from + ROUND).map((g) => requestFor(g, contract, places));
    const work = async (): Promise<void> => {
      for (let next = round.pop(); next !== undefined; next = round.pop()) await throwOne(next);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (problems.length > SHOWN) break;
  }
  for (const [name, { bytes, most }] of Object.entries(RAW)) {
    const text = await sendRaw(url, Buffer.from(bytes, "latin1"));
    const answers = [...text.matchAll(/^HTTP\/1\.[01] (\d{3}) /gm)].map(([, status]) => Number(status));
    if (answers.length > most) problems.push(`${name}: ${answers.length} answers: ${text.slice(0, 500)}`);
    if (answers.some((status) => status >= 500)) problems.push(`${name}: our failure: ${text.slice(0, 500)}`);
    problems.push(
      ...LEAKS.filter((leak) => leak.test(text)).map((leak) => `${name}: leaks ${leak}: ${text.slice(0, 500)}`),
    );
  }
  assert.ok(server.process.isAlive(), server.process.output().slice(-2000));
  await requestWith(url, KEYS.dev)("GET", "/connections");
  return { requests, problems, statuses };
};

/** Fails with the first problems and the seed that makes the same requests again. */
export const assertNothingFound = ({ problems }: Thrown, seed: number): void => {
  assert.equal(problems.length, 0, `seed ${seed}:\n  ${problems.slice(0, SHOWN).join("\n  ")}`);
};
