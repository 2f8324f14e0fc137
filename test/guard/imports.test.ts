// Who may import what. A new line here is a decision about the layout, not a formality.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { ROOT, readSources } from "./sources.ts";

// Everybody may import errors, and itself. `top` are the files directly in src.
const PARTS: Record<string, string[]> = {
  top: [
    "config",
    "log",
    "main",
    "program",
    "commands",
    "http",
    "graphql",
    "jobs",
    "runs",
    "functions",
    "auth",
    "outbound",
    "providers",
    "crypto",
    "db",
  ],
  commands: ["config", "log", "main", "database", "db", "runs", "functions", "providers", "crypto", "bundled-provider"],
  http: ["log", "db", "graphql", "runs", "functions", "auth", "outbound", "providers", "crypto"],
  graphql: ["log", "db", "functions", "providers", "crypto"],
  jobs: ["log", "db", "runs", "functions", "auth", "outbound", "providers", "crypto"],
  runs: ["log", "db", "functions", "auth", "outbound", "providers", "crypto"],
  functions: ["log", "db", "auth", "outbound", "providers", "crypto"],
  auth: ["log", "db", "outbound", "providers", "crypto"],
  outbound: ["log", "providers"],
  providers: ["log"],
  crypto: ["db"],
  db: ["log", "crypto"],
  "bundled-provider": ["log"],
};

// A package that only one part may import: everything else goes through that part.
const PACKAGES: Record<string, string[]> = {
  pg: ["db"],
  undici: ["outbound"],
  "ipaddr.js": ["outbound"],
  aws4fetch: ["outbound", "crypto"], // crypto: the requests to AWS KMS, which is no provider
  jose: ["providers", "auth", "crypto", "commands"], // commands: exports are sealed before they are written
  oauth4webapi: ["auth"],
  sax: ["auth"],
  yaml: ["providers"],
  express: ["http"],
  postgraphile: ["graphql"],
  "graphql-ws": ["graphql"],
  ws: ["graphql", "http"],
  "@modelcontextprotocol/sdk": ["http"],
  esbuild: ["functions"],
  ajv: ["functions"],
  "ajv-formats": ["functions"],
  commander: ["commands", "top"],
  "graphile-worker": ["db", "jobs"],
  pino: ["top"],
};

const IMPORT = /^(?:import|export)\b[^;"]*?\bfrom "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm;

const Package = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")) as { dependencies: object };

const partOf = (file: string): string => {
  const [, first, second] = file.split("/");
  return second === undefined ? path.basename(first!, ".ts") : first!;
};

// Templates are functions as users write them: they import the SDK by its name and run elsewhere.
const own = readSources("src/**/*.ts").filter(({ file }) => !file.startsWith("src/templates/"));

const imports = own.flatMap(({ file, text }) =>
  [...text.matchAll(IMPORT)].map((match) => ({ file, target: (match[1] ?? match[2] ?? match[3])!, whole: match[0] })),
);

const isTop = (file: string): boolean => file.split("/").length === 2;

const rulesOf = (file: string): string => (isTop(file) ? "top" : partOf(file));

test("parts import only what stands below them", () => {
  for (const { file, target } of imports.filter((one) => /^\..*\.ts$/.test(one.target))) {
    const found = path.join(path.dirname(file), target);
    assert.ok(found.startsWith("src/"), `${file} imports ${target}, which is not in src`);
    const to = partOf(found);
    const allowed = PARTS[rulesOf(file)];
    assert.ok(allowed, `${file}: say in this table what ${rulesOf(file)} may import`);
    const isFine = to === "errors" || to === partOf(file) || allowed.includes(to) || (isTop(file) && to === "database");
    assert.ok(isFine, `${file} imports ${target}: ${rulesOf(file)} may not import ${to}`);
  }
});

test("a package is imported by the part it belongs to, and is a dependency", () => {
  for (const { file, target } of imports.filter((one) => !/^\.|^node:/.test(one.target))) {
    const name = target
      .split("/")
      .slice(0, target.startsWith("@") ? 2 : 1)
      .join("/");
    assert.ok(name in Package.dependencies, `${file} imports ${name}, which is not in dependencies`);
    const allowed = PACKAGES[name];
    assert.ok(allowed === undefined || allowed.includes(rulesOf(file)), `${file} imports ${name}: only ${allowed} may`);
  }
});

test("only commands import main.ts, and nothing imports cli.ts", () => {
  for (const { file, target } of imports) {
    assert.ok(!/\/main\.ts$/.test(target) || file.startsWith("src/commands/"), `${file} imports main.ts`);
    assert.doesNotMatch(target, /\/cli\.ts$/, file);
  }
});

test("nothing is imported for its side effect", () => {
  for (const { file, whole } of imports) assert.doesNotMatch(whole, /^import "/, file);
});

test("only config.ts reads the environment", () => {
  for (const { file, text } of readSources("src/**/*.ts")) {
    if (file !== "src/config.ts") assert.doesNotMatch(text, /\bprocess\.env\b/, file);
  }
});
