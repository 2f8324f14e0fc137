// Queries made to hurt, against a server in a process of its own: each is refused for little processor time, and another
// client is answered meanwhile.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { KEYS, startRunning } from "../contract/running.ts";

const TICK_MS = 10; // of the kernel's processor time
const ROUNDS = 10;
const MOST_MS_EACH = 40; // of processor time, in the cheaper half of the rounds
const LONGEST_WAIT_MS = 1_500; // of the other client, on a machine that is busy with other tests

const many = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join(" ");

const query = (text: string, variables?: unknown): string => JSON.stringify({ query: text, variables });

const BODIES: { [name: string]: string } = {
  "depth 50": query(`{ environments { nodes ${"{ environment ".repeat(50)} { name } ${"} ".repeat(50)} } }`),
  "1,000 aliases": query(`{ ${many(1_000, (n) => `a${n}: environments { nodes { name } }`)} }`),
  "a page of 1e9": query("{ environments(first: 1000000000) { nodes { name } } }"),
  "circular fragments": query("{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }"),
  "a ring of fragments": query(`{ ...F0 } ${many(450, (n) => `fragment F${n} on Query { ...F${(n + 1) % 450} }`)}`),
  "fragments that double": query(
    `{ ...F0 } ${many(40, (n) => `fragment F${n} on Query { ...F${n + 1} ...F${n + 1} }`)} fragment F40 on Query { __typename }`,
  ),
  "fragments to compare": query(
    `{ ${many(90, (n) => `...F${n}`)} } ${many(90, (n) => `fragment F${n} on Query { ${"__typename ".repeat(10)} }`)}`,
  ),
  "a batch": `[${Array.from({ length: 1_000 }, () => query("{ __typename }")).join(",")}]`,
  "1 MB": query(`{ __typename } # ${"x".repeat(1_000_000)}`),
  "200 KB of words": query(`{ ${"name ".repeat(40_000)} }`),
  "open brackets": query(`{ a(b: ${"[".repeat(4_900)}`),
  "deep variables": `{"query": "query ($v: Int) { __typename }", "variables": {"v": ${"[".repeat(100_000)}${"]".repeat(100_000)}}}`,
  directives: query(`{ __typename ${"@skip(if: false) ".repeat(800)} }`),
  "an introspection bomb": query(
    `{ __schema { types { fields { type { fields { type { name fields { name } } } } } } } }`,
  ),
  "introspection of introspection": query(`{ ${many(25, (n) => `a${n}: __schema { types { name } }`)} }`),
  "pages within pages": query(
    "{ environments(first: 1000) { nodes { connections(first: 1000) { nodes { syncs(first: 1000) { nodes { name } } } } } } }",
  ),
};

const processorMs = (pid: number): number => {
  const [, after = ""] = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ");
  const fields = after.split(" ");
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
};

test("hostile queries are refused quickly, and the server goes on answering others", async (t) => {
  const { url, process } = await startRunning(t, { SYNCLINE_ROLE: "api" });
  const post = async (body: string) => {
    const headers = { authorization: `Bearer ${KEYS.dev}`, "content-type": "application/json" };
    const answer = await fetch(`${url}/graphql`, { method: "POST", headers, body });
    return {
      status: answer.status,
      body: (await answer.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] },
    };
  };
  const ordinary = query("{ environments { nodes { name } } }");
  assert.equal((await post(ordinary)).status, 200);

  let isOver = false;
  const waits: number[] = [];
  const other = (async () => {
    while (!isOver) {
      const from = performance.now();
      assert.deepEqual((await post(ordinary)).body, { data: { environments: { nodes: [{ name: "dev" }] } } });
      waits.push(performance.now() - from);
    }
  })();
  const cost = new Map<string, number>();
  for (const [name, body] of Object.entries(BODIES)) {
    const halves: number[] = [];
    for (const half of [0, 1]) {
      const before = processorMs(process.pid);
      for (let round = half; round < ROUNDS; round += 2) {
        const { status, body: answered } = await post(body);
        assert.ok(status === 400 || status === 413, `${name}: ${status} ${JSON.stringify(answered).slice(0, 500)}`);
        assert.equal(answered.data, undefined, name);
        assert.match(answered.errors?.[0]?.extensions.code ?? "", /^(query_|request_too_large|invalid_body)/, name);
      }
      halves.push((processorMs(process.pid) - before) / Math.ceil((ROUNDS - half) / 2));
    }
    // What else the process does meanwhile (the other queries, collecting garbage) only adds.
    cost.set(name, Math.min(...halves));
  }
  isOver = true;
  await other;
  for (const [name, ms] of cost) assert.ok(ms <= MOST_MS_EACH, `${name} takes ${ms} ms`);
  assert.ok(waits.length > 20, `${waits.length} answers meanwhile`);
  assert.ok(Math.max(...waits) < LONGEST_WAIT_MS, `the longest wait was ${Math.max(...waits)} ms`);
});
