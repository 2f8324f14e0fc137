// A server, the APIs behind it, and the published command line in a folder of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestContext } from "node:test";
import { testDatabase } from "../helpers/database.ts";
import { TEST_API_KEY, TEST_MASTER_KEY } from "../helpers/engine.ts";
import { startSyncline } from "../helpers/processes.ts";
import { installCli } from "./install.ts";
import { startUpstream } from "./upstream.ts";

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
export type Answer = any;

export type Ran = { out: string; code: number };

const GITHUB = path.resolve(import.meta.dirname, "../../src/providers/data/github.json");

const startServer = async (t: TestContext, folder: string, upstream: string) => {
  const db = await testDatabase(t, { poolSize: 1 });
  const providers = path.join(folder, "providers.json");
  const github = JSON.parse(await readFile(GITHUB, "utf8")) as { proxy: object };
  const local = {
    github: { ...github, proxy: { ...github.proxy, base_url: upstream } }, // by this name the command line knows its pages
    "local-notes": { alias: "private-api-bearer", proxy: { base_url: upstream } },
  };
  await writeFile(providers, JSON.stringify(local));
  const server = await startSyncline(t, {
    DATABASE_URL: db.url,
    SYNCLINE_DEV_API_KEY: TEST_API_KEY,
    SYNCLINE_ENCRYPTION_KEY: TEST_MASTER_KEY.toString("base64"),
    SYNCLINE_PROVIDERS: providers,
  });
  const { url } = await server.line(({ event }) => event === "server.started");
  return { url: url as string, query: db.query };
};

// Node's own: where it keeps what it compiled.
const { PATH, NODE_COMPILE_CACHE } = process.env;

/** `nango` runs the command line in the folder `project`, which it has to make first; `call` asks the server. */
export const startWorld = async (t: TestContext) => {
  const modules = await installCli();
  const folder = await mkdtemp(path.join(tmpdir(), "syncline-published-"));
  t.after(() => rm(folder, { recursive: true }));
  const upstream = await startUpstream(t);
  const { url, query } = await startServer(t, folder, upstream.url);
  await symlink(modules, path.join(folder, "node_modules"));
  const project = path.join(folder, "project");

  const nango = async (...args: string[]): Promise<Ran> => {
    const child = spawn(process.execPath, [path.join(modules, "nango/dist/index.js"), ...args], {
      cwd: args[0] === "init" ? folder : project,
      env: {
        ...{ PATH, NODE_COMPILE_CACHE, HOME: folder, CI: "1", NO_COLOR: "1", NANGO_CLI_UPGRADE_MODE: "ignore" },
        ...{ NANGO_HOSTPORT: url, NANGO_SECRET_KEY_DEV: TEST_API_KEY },
      },
      stdio: ["ignore", "pipe", "pipe"],
    });
    t.after(() => child.kill("SIGKILL"));
    const chunks: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding("utf8").on("data", (text) => chunks.push(text));
    const [code] = await once(child, "close");
    return { out: chunks.join(""), code };
  };

  const write = async (files: { [file: string]: string }): Promise<void> => {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(project, file)), { recursive: true });
      await writeFile(path.join(project, file), text);
    }
  };

  const call = async (
    method: string,
    at: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> => {
    const response = await fetch(url + at, {
      method,
      headers: { authorization: `Bearer ${TEST_API_KEY}`, "content-type": "application/json", ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${at}: ${response.status} ${text}`);
    return text === "" ? null : JSON.parse(text);
  };

  return { project, upstream, nango, write, call, query };
};
