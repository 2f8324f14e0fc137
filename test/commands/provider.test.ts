// `syncline provider` as a process: prints where it listens, serves, and ends cleanly on a signal.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { type TestContext, test } from "node:test";
import { parseRateLimit } from "../../src/commands/provider.ts";

const SCRIPT = `
import { Command } from "commander";
import { addProviderCommand } from "./src/commands/provider.ts";
const program = new Command();
addProviderCommand(program);
await program.parseAsync();
`;

const start = (t: TestContext, ...options: string[]) => {
  const input = ["--input-type=module", "-e", SCRIPT, "--", "provider", "--port", "0", ...options];
  const child = spawn(process.execPath, input, { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const exit = once(child, "exit");
  return { child, exit, lines: createInterface({ input: child.stdout }) };
};

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  test(`it serves with the printed key and ends with 0 on ${signal}, also while a request hangs`, async (t) => {
    const { child, exit, lines } = start(t, "--json", "--contacts", "3", "--rate-limit", "100/10s");
    const [line] = (await once(lines, "line")) as [string];
    const { url, apiKey } = JSON.parse(line) as { url: string; apiKey: string };
    const headers = { "x-api-key": apiKey };
    const response = await fetch(`${url}/v1/contacts`, { headers });
    assert.equal(((await response.json()) as { data: unknown[] }).data.length, 3);
    assert.equal(response.headers.get("x-ratelimit-remaining"), "99");
    const hanging = fetch(`${url}/v1/contacts`, { headers: { ...headers, "x-acme-fault": "timeout" } });
    child.kill(signal);
    await assert.rejects(hanging);
    assert.deepEqual(await exit, [0, null]);
  });
}

test("it prints the URL, the key and a curl line that can be pasted", async (t) => {
  const { child, exit, lines } = start(t, "--api-key", "my-key");
  const printed: string[] = [];
  for await (const line of lines) if (printed.push(line) === 5) child.kill("SIGTERM");
  await exit;
  assert.match(printed[0]!, /^Acme listens on http:\/\/127\.0\.0\.1:\d+$/);
  assert.equal(printed[1], "API key: my-key");
  assert.match(printed[3]!, /^Try: curl -H 'X-Api-Key: my-key' 'http:\/\/127\.0\.0\.1:\d+\/v1\/contacts\?limit=2'$/);
});

test("a rate limit is requests per time, and anything else is refused", () => {
  assert.deepEqual(parseRateLimit("100/10s"), { requests: 100, windowMs: 10_000 });
  assert.deepEqual(parseRateLimit("5/1m"), { requests: 5, windowMs: 60_000 });
  for (const text of ["100", "0/1s", "5/0s", "5/1h", "x/1s"]) assert.throws(() => parseRateLimit(text));
});
