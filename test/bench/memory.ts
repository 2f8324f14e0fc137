// The server's memory while it syncs a million records from an HTTP API, in a process of its own.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { compileFolder } from "../../src/functions/compile.ts";
import { writeFunctions } from "./functions.ts";
import type { Result } from "./result.ts";
import { makeRow } from "./rows.ts";

const RECORDS = 1_000_000;
const PAGE = 1_000;
const KEY = "bench-key-0123456789abcdef";

// A thousand rows are printed once; each page only moves their ids, so that the provider is not what is measured.
const startProvider = async () => {
  const rows = Array.from({ length: PAGE }, (_, n) => JSON.stringify(makeRow(n)).replace(`"id":"item-${n}"`, "@"));
  const server = createServer((request, response) => {
    const page = Number(new URL(request.url ?? "/", "http://x").searchParams.get("page"));
    const isEnd = page * PAGE >= RECORDS;
    response.setHeader("content-type", "application/json");
    response.end(
      isEnd ? "[]" : `[${rows.map((row, n) => row.replace("@", `"id":"item-${page * PAGE + n}"`)).join(",")}]`,
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() };
};

const rssMb = (pid: number): number => {
  const [, kb] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kb) / 1024;
};

/** Row 8. */
export const benchMemory = async (): Promise<Result[]> => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "syncline-bench-"));
  const provider = await startProvider();
  const child = spawn(process.execPath, ["--max-semi-space-size=4", "src/cli.ts", "start"], {
    env: { ...process.env, PORT: "0", SYNCLINE_DATA: path.join(folder, "data"), SYNCLINE_DEV_API_KEY: KEY },
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const url = await new Promise<string>((resolve) => {
      createInterface(child.stdout).on("line", (line) => {
        if (line.includes('"server.started"')) resolve((JSON.parse(line) as { url: string }).url);
      });
    });
    const api = async (method: string, route: string, body?: unknown) => {
      const headers = { authorization: `Bearer ${KEY}`, "content-type": "application/json" };
      const response = await fetch(url + route, {
        method,
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      if (!response.ok) throw new Error(await response.text());
      return (await response.json()) as { syncs: { status: string; recordCount: { Bulk?: number } }[] };
    };
    const scripts = path.join(folder, "functions");
    writeFunctions(scripts);
    const { functions } = await compileFolder(scripts);
    await api("POST", "/integrations", { provider: "unauthenticated", unique_key: "bench" });
    await api("POST", "/deploy", { functions, mode: "all" });
    await api("POST", "/connections", {
      provider_config_key: "bench",
      connection_id: "bulk",
      credentials: { type: "NONE" },
      connection_config: { baseUrl: provider.url },
    });
    const idle = rssMb(child.pid!);
    const startedAt = performance.now();
    await api("POST", "/sync/trigger", { provider_config_key: "bench", connection_id: "bulk", syncs: ["bulk"] });
    const samples: number[] = [];
    let records = 0;
    for (;;) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      samples.push(rssMb(child.pid!));
      const { syncs } = await api("GET", "/sync/status?syncs=bulk&provider_config_key=bench&connection_id=bulk");
      records = syncs[0]?.recordCount.Bulk ?? 0;
      if (syncs[0]?.status !== "RUNNING" && records > 0) break;
      if (syncs[0]?.status === "ERROR") throw new Error("the sync failed");
    }
    const seconds = (performance.now() - startedAt) / 1000;
    if (records !== RECORDS) throw new Error(`${records} records`);
    const most = Math.max(...samples);
    const half = samples.slice(0, samples.length / 2);
    return [
      {
        work: "memory of the server syncing 1 M records",
        against: "-",
        ratio: most,
        budget: "<= 300 MB beside the isolates",
        isMet: most <= 300,
        detail: `MB RSS at most, its one busy isolate included; ${Math.max(...half).toFixed(0)} MB in the first half, ${idle.toFixed(0)} MB before; ${Math.round(RECORDS / seconds)} records/s through provider, isolate and store`,
      },
    ];
  } finally {
    const ended = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    await ended;
    provider.close();
    rmSync(folder, { recursive: true, force: true });
  }
};
