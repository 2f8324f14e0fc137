// Records over GraphQL beside the same page over REST, on one server in turns; and what a schema costs by its models.
import type { DeclaredModel } from "../../src/db/models.ts";
import { createMask } from "../../src/graphql/errors.ts";
import { createGate } from "../../src/graphql/limits/gate.ts";
import { LIMITS } from "../../src/graphql/limits/limits.ts";
import { createLimitsPlugin } from "../../src/graphql/limits/plugin.ts";
import { createRecordPages } from "../../src/graphql/models/steps.ts";
import { readOperations } from "../../src/graphql/operations.ts";
import { createPreset } from "../../src/graphql/preset.ts";
import { createBuild } from "../../src/graphql/schemas.ts";
import { createLogger } from "../../src/log.ts";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import { ownCpuMs } from "./cpu.ts";
import { holdRun } from "./lease.ts";
import type { Result } from "./result.ts";
import { batches } from "./rows.ts";
import { API_KEY, type Bench } from "./setup.ts";

const PAGES = 200;
const ROUNDS = 5;

const ALL = `id name version email created_at address { street city country geo { lat lon } } tags amount is_active notes
  _metadata { firstSeenAt lastModifiedAt lastAction deletedAt prunedAt cursor }`;

const SELECTIONS = { all: ALL, three: "id name email", metadata: "id _metadata { lastModifiedAt cursor }" };

const text = { type: "string" };
const number = { type: "number" };
const object = (properties: object) => ({ type: "object", properties });
const ITEM = object({
  id: text,
  name: text,
  version: number,
  email: text,
  created_at: { type: "string", format: "date-time" },
  address: object({ street: text, city: text, country: text, geo: object({ lat: number, lon: number }) }),
  tags: { type: "array", items: text },
  amount: number,
  is_active: { type: "boolean" },
  notes: text,
});

const median = (times: number[]): number => times.toSorted((a, b) => a - b)[times.length >> 1]!;

// The schema of the deployed function says only what the benchmarks of saving need.
const describeItems = (bench: Bench): Promise<unknown> =>
  bench.pool.query(
    `with changed as (
       update syncline.functions set definition = jsonb_set(definition, '{models,Item}', $1) where models = '{Item}' returning environment_id)
     update syncline.models set schema = $1 where name = 'Item'`,
    [JSON.stringify(ITEM)],
  );

const rest = (bench: Bench, limit: number) => async (): Promise<string> => {
  const headers = { authorization: `Bearer ${API_KEY}`, "connection-id": "graphql", "provider-config-key": "bench" };
  const response = await fetch(`${bench.server.url}/records?model=Item&limit=${limit}`, { headers });
  return await response.text();
};

const graphql = (bench: Bench, limit: number, selection: string) => {
  const query = `{ items(connectionId: "graphql", first: ${limit}) { nodes { ${selection} } pageInfo { hasNextPage endCursor } } }`;
  const body = JSON.stringify({ query });
  const headers = { authorization: `Bearer ${API_KEY}`, "content-type": "application/json" };
  return async (): Promise<string> => {
    const response = await fetch(`${bench.server.url}/graphql`, { method: "POST", headers, body });
    const answer = await response.text();
    if (answer.includes('"errors"')) throw new Error(answer.slice(0, 500));
    return answer;
  };
};

/** Milliseconds a page and CPU milliseconds a page of each, in turns so that both meet the same machine. */
const compare = async (bench: Bench, ways: Record<string, () => Promise<string>>, pages: number) => {
  const found: Record<string, { ms: number[]; cpuMs: number[] }> = {};
  for (const [name, ask] of Object.entries(ways)) {
    found[name] = { ms: [], cpuMs: [] };
    for (let page = 0; page < 30; page++) await ask();
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, ask] of Object.entries(ways)) {
      const { ms, cpuMs } = await bench.measure(async () => {
        for (let page = 0; page < pages; page++) await ask();
      });
      found[name]!.ms.push(ms / pages);
      found[name]!.cpuMs.push(cpuMs / pages);
    }
  }
  return Object.fromEntries(
    Object.entries(found).map(([name, { ms, cpuMs }]) => [name, { ms: median(ms), cpuMs: median(cpuMs) }]),
  );
};

const modelsOf = (count: number, round: number): DeclaredModel[] =>
  Array.from({ length: count }, (_, n) => ({
    integration: `integration-${n % 20}`,
    model: `Model${n}of${round}`, // equal ones would be built once
    first_schema: ITEM,
    schemas: [ITEM],
  }));

const benchBuilds = async (bench: Bench): Promise<string> => {
  const log = createLogger("warn");
  const pages = createRecordPages(bench.keys);
  const limits = createLimitsPlugin({
    gate: createGate({ limits: LIMITS, introspection: true }),
    operations: readOperations(undefined),
  });
  const build = await createBuild(
    createPreset({
      pool: bench.pool,
      catalogue: loadCatalogue({ files: [] }),
      limits,
      mask: createMask(log),
      live: { name: "NoSubscriptions" },
      pages,
    }),
    pages,
  );
  const figures = [1, 10, 100, 500].map((count) => {
    const times = Array.from({ length: 7 }, (_, round) => {
      const models = modelsOf(count, round);
      const before = ownCpuMs();
      build(models);
      return ownCpuMs() - before;
    });
    return `${count}: ${Math.round(median(times))} ms`;
  });
  return figures.join(", ");
};

/** The page of 100 held to twice REST's time; the rest for information. */
export const benchGraphql = async (bench: Bench): Promise<Result[]> => {
  await describeItems(bench);
  const connection = await bench.connect("graphql");
  const run = await holdRun(bench, connection);
  for (const rows of batches(2_000)) await run.call("batchSave", [rows, "Item"]);
  await run.end();
  const results: Result[] = [];
  for (const limit of [100, 1_000]) {
    const ways = Object.entries(SELECTIONS).map(([name, fields]) => [name, graphql(bench, limit, fields)] as const);
    const found = await compare(
      bench,
      { rest: rest(bench, limit), ...Object.fromEntries(ways) },
      PAGES * (100 / limit),
    );
    const says = ({ ms, cpuMs }: { ms: number; cpuMs: number }) => `${ms.toFixed(2)} ms (CPU ${cpuMs.toFixed(2)})`;
    const ratio = found.all!.ms / found.rest!.ms;
    results.push({
      work: `a page of ${limit} records over GraphQL, all fields`,
      against: "the same page over REST",
      ratio,
      budget: limit === 100 ? "<= 2" : "-",
      isMet: limit !== 100 || ratio <= 2,
      detail: `REST ${says(found.rest!)}, all fields ${says(found.all!)}, three fields ${says(found.three!)}, metadata ${says(found.metadata!)}`,
    });
  }
  const builds = await benchBuilds(bench);
  results.push({
    work: "build a schema",
    against: "-",
    ratio: 1,
    budget: "-",
    isMet: true,
    detail: `CPU by models: ${builds}`,
  });
  return results;
};
