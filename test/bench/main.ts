// `npm run bench [-- --json FILE] [-- --only NAME]`: the budgets, measured in one run each, printed as ratios.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { useFastGraphql } from "../../src/config.ts";
import { benchActions } from "./actions.ts";
import { benchCompile } from "./compile.ts";
import { benchGraphql } from "./graphql.ts";
import { benchHistory } from "./history.ts";
import { benchIdle } from "./idle.ts";
import { benchIngress } from "./ingress.ts";
import { benchIsolate } from "./isolate.ts";
import { benchLanding } from "./landing.ts";
import { benchLatency } from "./latency.ts";
import { benchMemory } from "./memory.ts";
import { benchProxy } from "./proxy.ts";
import { benchRecords } from "./records.ts";
import { benchRefresh } from "./refresh.ts";
import { type Result, toTable } from "./result.ts";
import { benchDispatch, benchRuns } from "./runs.ts";
import { type Bench, setUp } from "./setup.ts";

useFastGraphql();

const onServer = (role: "all" | "api", work: (bench: Bench) => Promise<Result[]>) => async (): Promise<Result[]> => {
  const bench = await setUp(role);
  return await work(bench).finally(bench.stop);
};

const ALL: Record<string, () => Promise<Result[]>> = {
  records: onServer("api", benchRecords),
  refresh: onServer("api", benchRefresh),
  landing: onServer("api", benchLanding),
  history: onServer("api", benchHistory),
  runs: onServer("all", benchRuns),
  dispatch: onServer("api", benchDispatch),
  memory: benchMemory,
  idle: onServer("all", benchIdle),
  compile: benchCompile,
  isolate: onServer("all", benchIsolate),
  proxy: onServer("api", benchProxy),
  graphql: onServer("api", benchGraphql),
  actions: onServer("all", benchActions),
  ingress: onServer("api", benchIngress),
  latency: onServer("all", benchLatency),
};

const { values } = parseArgs({ options: { json: { type: "string" }, only: { type: "string" } } });
const results: Result[] = [];
for (const [name, work] of Object.entries(ALL)) {
  if (values.only !== undefined && values.only !== name) continue;
  process.stderr.write(`${name} ...\n`);
  results.push(...(await work()));
}
console.log(toTable(results));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
process.exit(results.every(({ isMet }) => isMet) ? 0 : 1);
