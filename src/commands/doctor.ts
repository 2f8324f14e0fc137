// `syncline doctor`: settings, database, server and key, each looked at; what would break a promise is named.
import type { Command } from "commander";
import { type Config, readConfig } from "../config.ts";
import { loadKeyring } from "../crypto/master-key.ts";
import { checkDataKeys } from "../crypto/rotate-keys.ts";
import { checkServer } from "../db/doctor.ts";
import { migrate } from "../db/migrate.ts";
import { connect, type Db } from "../db/pool.ts";
import { type CatalogueProblem, loadCatalogue } from "../providers/catalogue.ts";
import { createApi } from "./api.ts";
import { withDatabase } from "./database.ts";
import { counted, messageOf } from "./words.ts";

type Check = { name: string; verdict: "ok" | "warn" | "fail"; detail: string };

const SIGNS = { ok: "ok  ", warn: "warn", fail: "FAIL" } as const;
const OLDEST_NODE = [22, 19] as const;

const checkNode = (): Check => {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  const isFine = major > OLDEST_NODE[0] || (major === OLDEST_NODE[0] && minor >= OLDEST_NODE[1]);
  return {
    name: "node",
    verdict: isFine ? "ok" : "fail",
    detail: `${process.versions.node}; 22.19 or later is needed`,
  };
};

const checkSchema = async (url: string): Promise<Check> => {
  const { migrations, sql, ahead } = await migrate({ url, dryRun: true });
  if (ahead.length > 0)
    return { name: "schema", verdict: "fail", detail: `newer than this version: ${ahead.join(", ")}` };
  const count = migrations.length + sql.length;
  if (count === 0) return { name: "schema", verdict: "ok", detail: "up to date" };
  return { name: "schema", verdict: "fail", detail: `${count} files are to be applied: syncline migrate` };
};

// Every data key is tried: 20 us each.
const checkKeys = async (config: Config, client: Db): Promise<Check[]> => {
  const states = await checkDataKeys(client, await loadKeyring(config, client));
  return states.map(({ master_key_id: id, environments, connections, isCurrent, isKnown, unreadable }): Check => {
    const wraps = counted(environments + connections, "data key");
    const is = isCurrent ? "current" : "accepted";
    if (!isKnown)
      return {
        name: `master key ${id}`,
        verdict: "fail",
        detail: `not in the settings, wraps ${wraps}; syncline keys`,
      };
    if (unreadable! > 0)
      return { name: `master key ${id}`, verdict: "fail", detail: `${unreadable} of ${wraps} do not open` };
    const isDone = isCurrent || environments + connections === 0;
    const todo = isDone ? (isCurrent ? "" : "; take it out of the settings") : "; syncline keys rotate";
    return { name: `master key ${id}`, verdict: isDone ? "ok" : "warn", detail: `${is}, opens ${wraps}${todo}` };
  });
};

const failedKeys = (error: unknown): Check[] => [{ name: "master keys", verdict: "fail", detail: messageOf(error) }];

const checkDatabase = async (config: Config): Promise<Check[]> => {
  const look = async (url: string): Promise<Check[]> => {
    const schema = await checkSchema(url);
    if (schema.verdict === "fail") return [schema];
    const client = await connect({ url, applicationName: "syncline doctor" });
    try {
      const checks = await checkServer(client, { now: new Date().toISOString() });
      return [schema, ...checks, ...(await checkKeys(config, client).catch(failedKeys))];
    } finally {
      await client.end();
    }
  };
  return await withDatabase(config, look).catch((error) => [
    { name: "database", verdict: "fail", detail: messageOf(error) },
  ]);
};

const checkApi = async ({ serverUrl: url, serverKey: key }: Config): Promise<Check[]> => {
  const answer = await fetch(new URL("/ready", url)).catch(() => undefined);
  if (answer === undefined) return [{ name: "server", verdict: "warn", detail: `nothing listens at ${url}` }];
  const server: Check = {
    name: "server",
    verdict: answer.ok ? "ok" : "fail",
    detail: `${url}/ready: ${answer.status}`,
  };
  const asked = createApi({ url, key }).get("/environment/webhooks");
  const isAccepted = await asked.then(
    (): Check => ({ name: "API key", verdict: "ok", detail: "accepted" }),
    (error): Check => ({ name: "API key", verdict: "fail", detail: messageOf(error) }),
  );
  return [server, isAccepted];
};

const MOST_NAMED = 20;

const checkCatalogue = async ({ providerFiles }: Config): Promise<Check & { problems?: CatalogueProblem[] }> => {
  try {
    const catalogue = loadCatalogue({ files: providerFiles });
    const problems = await catalogue.check();
    const count = `${catalogue.list().length} providers`;
    if (problems.length === 0) return { name: "catalogue", verdict: "ok", detail: count };
    const named = problems
      .slice(0, MOST_NAMED)
      .map(({ file, name, reason }) => `\n        ${name} (${file}): ${reason}`);
    const rest =
      problems.length > MOST_NAMED ? `\n        and ${problems.length - MOST_NAMED} more: --json names all` : "";
    const detail = `${count}; left out: ${problems.length}${named.join("")}${rest}`;
    return { name: "catalogue", verdict: "warn", detail, problems };
  } catch (error) {
    return { name: "catalogue", verdict: "fail", detail: messageOf(error) };
  }
};

const run = async (options: { json?: true }): Promise<void> => {
  const config = readConfig();
  const checks = [
    checkNode(),
    await checkCatalogue(config),
    ...(await checkApi(config)),
    ...(await checkDatabase(config)),
  ];
  const failed = checks.filter(({ verdict }) => verdict === "fail").length;
  if (options.json) console.log(JSON.stringify({ checks }));
  else {
    const width = Math.max(...checks.map(({ name }) => name.length));
    for (const { name, verdict, detail } of checks) console.log(`${SIGNS[verdict]}  ${name.padEnd(width)}  ${detail}`);
    console.log(failed === 0 ? "\nNothing is broken." : `\n${failed} broken.`);
  }
  if (failed > 0) process.exitCode = 1;
};

export const addDoctorCommand = (program: Command): void => {
  program
    .command("doctor")
    .description(
      "look at settings, database, server and key, and name what would break a promise; exit code 1 when something is broken",
    )
    .option("--json", "print JSON")
    .action(run);
};
