// Throws requests at a running server and judges every answer: none is our failure, none gives away how we are made, each is
// as the document says, and at the end the server answers as before.
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import fc from "fast-check";
import { compileTexts } from "../helpers/installation.ts";
import type { TestProcess } from "../helpers/processes.ts";
import { readContract } from "./document.ts";
import { HARMLESS } from "./functions.ts";
import { judge, judgeRaw } from "./fuzz-judge.ts";
import { RAW } from "./fuzz-raw.ts";
import { type Request, requestFor } from "./fuzz-request.ts";
import { createSender, sendRaw } from "./fuzz-send.ts";
import { KEYS, startRunning } from "./running.ts";
import { startUpstream } from "./upstream.ts";
import { ACCOUNT_KEY, arrange, requestWith, SESSION } from "./world.ts";

const AT_ONCE = 8;
const ROUND = 500; // after so many requests what they may have deleted is made again
const SHOWN = 10;

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

  const withSession = async (asked: Request): Promise<Request> => {
    const { target, headers } = asked;
    const { authorization } = headers;
    if (!target.includes(SESSION) && !authorization?.includes(SESSION)) return asked;
    const made = await requestWith(url, KEYS.dev)("POST", "/connect/sessions", { end_user: { id: "u1" } });
    const { token } = JSON.parse(made).data;
    return {
      ...asked,
      target: target.replace(SESSION, token),
      headers: { ...headers, ...(authorization && { authorization: authorization.replace(SESSION, token) }) },
    };
  };
  const throwOne = async (given: Request): Promise<void> => {
    const asked = await withSession(given);
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
  for (const name of Object.keys(RAW))
    problems.push(...judgeRaw(name, await sendRaw(url, Buffer.from(RAW[name]!.bytes, "latin1"))));
  assert.ok(server.process.isAlive(), server.process.output().slice(-2000));
  await requestWith(url, KEYS.dev)("GET", "/connections");
  return { requests, problems, statuses };
};

/** Fails with the first problems and the seed that makes the same requests again. */
export const assertNothingFound = ({ problems }: Thrown, seed: number): void => {
  assert.equal(problems.length, 0, `seed ${seed}:\n  ${problems.slice(0, SHOWN).join("\n  ")}`);
};
