// The demo's story, step by step: each says what happens and why it matters.
import type { Server } from "../../main.ts";
import { type Api, createApi } from "../api.ts";
import { countChanges } from "../deploy/describe.ts";
import { formatTable } from "../table.ts";
import type { Acme } from "./acme.ts";
import { createApp, type News, waitForWebhooks } from "./app.ts";
import type { Receiver } from "./receiver.ts";
import { countOf, type Finishes, readFinishes, readStatuses, type Status, waitForRound } from "./round.ts";
import { grouped, type Screen, seconds } from "./screen.ts";
import { CUSTOMERS, connectCustomers, deployExamples, INTEGRATION, setUpIntegration } from "./set-up.ts";

export type Stage = {
  server: Server;
  acme: Acme;
  receiver: Receiver;
  screen: Screen;
  key: string;
  signal: AbortSignal;
};

type Kind = "contacts" | "companies" | "tickets";

const EDITS: { kind: Kind; add: number; update: number; delete: number }[] = [
  { kind: "contacts", add: 5, update: 20, delete: 3 },
  { kind: "companies", add: 2, update: 4, delete: 1 },
  { kind: "tickets", add: 3, update: 10, delete: 2 },
];
const BAR = 16; // so that a line stays under 80 columns: one that wraps cannot be redrawn in place

const titleOf = ({ connection_id, name }: Status): string => `${connection_id.padEnd(12)} ${name.padEnd(9)}`;

const barOf = (share: number): string => {
  const full = Math.round(Math.min(1, share) * BAR);
  return "█".repeat(full) + "░".repeat(BAR - full);
};

const progressOf = ({ acme, screen }: Stage) => {
  const startedAt = performance.now();
  const draw = screen.isLive ? screen.liveBlock() : undefined;
  const took = new Map<string, string>();
  return (statuses: Status[], isDone: (status: Status) => boolean): void => {
    const lines = statuses.map((status) => {
      const all = acme.world.count(status.name as Kind);
      const title = titleOf(status);
      const count = countOf(status);
      const isNew = isDone(status) && !took.has(title);
      if (isNew) took.set(title, `done after ${seconds(performance.now() - startedAt)}`);
      if (isNew && !draw) screen.fact(`${title} ${grouped(count)} records, ${took.get(title)}`);
      const share = isDone(status) ? 1 : count / Math.max(1, all);
      return `${title} ${barOf(share)} ${`${grouped(count)} / ${grouped(all)}`.padStart(13)}  ${took.get(title) ?? ""}`;
    });
    draw?.(lines);
  };
};

/** Resolves with when each sync had finished before the customers connected. */
const connect = async ({ acme, receiver, screen }: Stage, api: Api): Promise<Finishes> => {
  screen.step(
    "Deploy three functions",
    "A function is a small TypeScript file; these are in src/templates/acme/syncs, one for each kind of pagination.",
  );
  await setUpIntegration(api, receiver);
  const changes = await deployExamples(api);
  screen.fact(`${changes.map(({ name }) => name).join(", ")}: ${countChanges(changes)}`);
  screen.step(
    "Two customers connect",
    "Each connection has its own key for encryption, its own schedules, checkpoints and records.",
  );
  const before = await readFinishes(api); // before: syncs of a new connection start at once, and may be done in a moment
  await connectCustomers(api, acme);
  screen.fact(CUSTOMERS.join(", "));
  return before;
};

const firstRound = async (stage: Stage, api: Api, before: Finishes): Promise<void> => {
  const { screen, signal } = stage;
  const isOld = [...before.values()].some((at) => at !== undefined);
  if (isOld)
    screen.step("The syncs run", "Their records are here from the last demo: what has not changed is not saved again.");
  else
    screen.step(
      "First syncs",
      "Every page is committed together with the checkpoint that says how far the sync is: a crash loses nothing.",
    );
  // New syncs start by themselves; those of an earlier demo would wait for their hour.
  if (isOld) await api.post("/sync/trigger", { syncs: [], provider_config_key: INTEGRATION });
  await waitForRound(api, { before, show: progressOf(stage), signal });
};

const show = (screen: Screen, news: News[]): void => {
  const columns = ["connection", "model", "added", "updated", "deleted", "webhook"];
  const rows = news.map(({ customer, model, counts }) => {
    const isQuiet = counts.added + counts.updated + counts.deleted === 0;
    const told = isQuiet ? "nothing to tell" : "received, signature right";
    return [customer, model, counts.added, counts.updated, counts.deleted, told];
  });
  for (const line of formatTable(columns, rows).split("\n")) screen.fact(line);
};

const secondRound = async ({ acme, receiver, screen, signal }: Stage, api: Api, app: ReturnType<typeof createApp>) => {
  screen.step(
    "Acme's data changes, and the syncs run again",
    "Only real changes get a new place in the change order; a record that is the same costs next to nothing.",
  );
  const before = await readFinishes(api);
  const from = receiver.received.length;
  for (const plan of EDITS) {
    acme.world.edit(plan);
    screen.fact(`Acme: ${plan.kind}: ${plan.add} added, ${plan.update} updated, ${plan.delete} deleted`);
  }
  await api.post("/sync/trigger", { syncs: [], provider_config_key: INTEGRATION });
  await waitForRound(api, { before, show: () => {}, signal });
  const news = await app.readAll();
  await waitForWebhooks(receiver, { news, from, signal });
  screen.line();
  show(screen, news);
  screen.fact("An edit of a field that the sync does not store is no change.");
};

const compare = async ({ acme, screen }: Stage, api: Api): Promise<void> => {
  const statuses = await readStatuses(api);
  const wrong = statuses.filter((status) => countOf(status) !== acme.world.count(status.name as Kind));
  for (const status of wrong) {
    const text = `${grouped(countOf(status))} records, ${grouped(acme.world.count(status.name as Kind))} at Acme`;
    screen.fact(`${titleOf(status)} ${text}: changed meanwhile?`);
  }
  if (wrong.length === 0) screen.fact("Live records here and rows at Acme: the same number for each of the six syncs.");
};

/** Tell it. Rejects with what went wrong, or when `signal` fires. */
export const tellStory = async (stage: Stage): Promise<void> => {
  const { screen, server, key } = stage;
  const api = createApi({ url: server.url, key });
  await firstRound(stage, api, await connect(stage, api));
  screen.step(
    "An app reads the records",
    "Page by page by cursor. It keeps the last one, and will never miss a change, whatever runs at the same time.",
  );
  const app = createApp(api);
  const startedAt = performance.now();
  const read = (await app.readAll()).reduce((sum, { counts: { added, updated } }) => sum + added + updated, 0);
  screen.fact(`${grouped(read)} records in ${seconds(performance.now() - startedAt)}, decrypted on the way`);
  await secondRound(stage, api, app);
  await compare(stage, api);
};
