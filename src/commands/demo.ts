// `syncline demo`: the whole product in one process, with an API to sync from, told step by step.
import { createWriteStream, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { createLogger } from "../log.ts";
import { startAcme } from "./demo/acme.ts";
import { furtherLines } from "./demo/further.ts";
import { startReceiver } from "./demo/receiver.ts";
import { createScreen, grouped, type Screen, seconds } from "./demo/screen.ts";
import { type Stage, tellStory } from "./demo/story.ts";
import { untilSignal } from "./start.ts";
import { wholeNumber } from "./whole-number.ts";

type Options = { once?: true; rows?: number; port: number; data: string };
type Ports = { acme: number; receiver: number };

const KEY = "demo-key-for-this-computer-only";
const STOP_DEADLINE_MS = 9_500;

// Connections hold Acme's address: a sync that is due at the next start should find it there.
const readPorts = (file: string): Ports =>
  existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Ports) : { acme: 0, receiver: 0 };

type Stop = () => Promise<void>;

const setTheStage = async (
  { rows, port, data }: Options,
  o: { screen: Screen; signal: AbortSignal; stops: Stop[] },
): Promise<Stage> => {
  const { screen, signal, stops } = o;
  const folder = path.resolve(data);
  const logFile = path.join(folder, "server.log");
  const portsFile = path.join(folder, "ports.json");
  mkdirSync(folder, { recursive: true });
  const ports = readPorts(portsFile);
  const env = { SYNCLINE_DATA: folder, SYNCLINE_DEV_API_KEY: KEY, PORT: String(port) };

  screen.step(
    "Start Syncline: Postgres, API and worker in this process",
    "Nothing to install or configure. In production the same code runs as many processes on your Postgres.",
  );
  const startedAt = performance.now();
  const { startServer } = await import("../main.ts");
  const receiver = await startReceiver({ port: ports.receiver });
  stops.push(receiver.close);
  const acme = await startAcme({ folder, contacts: rows, port: ports.acme });
  stops.push(acme.close);
  writeFileSync(portsFile, JSON.stringify({ acme: acme.port, receiver: receiver.port } satisfies Ports));
  const starting = startServer(readConfig(env), createLogger("info", createWriteStream(logFile, { flags: "a" })), {
    signal,
  });
  stops.push(async () => (await starting).stop());
  const server = await starting;
  screen.fact(`API on ${server.url}, ready after ${seconds(performance.now() - startedAt)}`);
  screen.fact(`The log of the server: ${path.relative(process.cwd(), logFile) || logFile}`);

  const { world } = acme;
  screen.step(
    "Start Acme, an API to sync from",
    "It pages, limits, and fails on request: `syncline provider` runs it alone.",
  );
  const counts = (["contacts", "companies", "tickets"] as const).map((kind) => `${grouped(world.count(kind))} ${kind}`);
  screen.fact(`${acme.url}: ${counts.join(", ")}${acme.isNew ? "" : ", as the last demo left them"}`);
  return { server, acme, receiver, screen, key: KEY, signal };
};

const showWhatNext = ({ screen, server, acme, receiver }: Stage, { data, once }: Options): void => {
  const o = { url: server.url, key: KEY, acme, psqlHint: server.psqlHint, folder: data };
  screen.step("Look further", once ? "While the demo runs, these lines work as they are." : "In a second terminal:");
  for (const { title, command } of furtherLines(o))
    screen.line(`\n   ${screen.style("gray", `# ${title}`)}\n   ${command}`);
  if (once) return;
  screen.line("\nCtrl-C ends the demo; its data stays for the next one.\n");
  receiver.onReceived(({ connectionId, model, responseResults: counts }) => {
    if (counts === undefined) return;
    const { added, updated, deleted } = counts;
    screen.fact(`webhook: ${connectionId} ${model}: ${added} added, ${updated} updated, ${deleted} deleted`);
  });
};

const play = async (options: Options, o: { screen: Screen; signal: AbortSignal; stops: Stop[] }): Promise<void> => {
  const stage = await setTheStage(options, o);
  await tellStory(stage);
  showWhatNext(stage, options);
};

const run = async (options: Options): Promise<void> => {
  const ending = new AbortController();
  const signalled = untilSignal().then(() => ending.abort());
  const screen = createScreen(process.stdout);
  const stops: Stop[] = [];
  const playing = play(options, { screen, signal: ending.signal, stops });
  try {
    await Promise.race([signalled, playing]);
    if (!options.once) await signalled;
  } finally {
    ending.abort();
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref();
    await playing.catch(() => {}); // what it throws was thrown above, or comes from being stopped
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop()) await stop().catch(() => {});
  }
  process.exit(0);
};

export const addDemoCommand = (program: Command): void => {
  program
    .command("demo")
    .description("start everything with an API to sync from, and show step by step what happens")
    .option("--once", "end after the second round instead of waiting for Ctrl-C")
    .option(
      "--rows <contacts>",
      "how many contacts Acme has; there are a fifth of companies, half of tickets",
      wholeNumber(20, 100_000),
    )
    .option("--port <number>", "the port of the API; 0 takes a free one", wholeNumber(0, 65_535), 0)
    .option("--data <folder>", "where the demo keeps its database", ".syncline/demo")
    .action(run);
};
