// The published client, unmodified, calls every one of its methods on a running server. The table of what came of it is
// client.txt beside this file; UPDATE=1 writes it anew.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { Nango } from "@nangohq/node";
import { actionCalls, localCalls, proxyCalls } from "./client-actions.ts";
import type { Call } from "./client-call.ts";
import { connectionCalls, lastConnectionCalls, sessionCalls } from "./client-connections.ts";
import { functionCalls, integrationCalls, lastFunctionCalls } from "./client-integrations.ts";
import { makeCall, type Outcome, operationOf, tableOf } from "./client-outcome.ts";
import { recordCalls, syncCalls } from "./client-records.ts";
import { clientWorld } from "./client-world.ts";
import { type Contract, readContract } from "./document.ts";
import type { Exchange } from "./recorder.ts";

process.noDeprecation = true; // one method warns, and is called on purpose

const TABLE = path.join(import.meta.dirname, "client.txt");

const CALLS: Call[] = [
  ...integrationCalls,
  ...connectionCalls,
  ...sessionCalls,
  ...functionCalls,
  ...recordCalls,
  ...syncCalls,
  ...actionCalls,
  ...proxyCalls,
  ...localCalls,
  ...lastConnectionCalls,
  ...lastFunctionCalls,
];

// What its types call private, and what makes it.
const NOT_PUBLIC = [
  "constructor",
  "_triggerAction",
  "_verifyWebhookSignatureImpl",
  "getConnectionDetails",
  "enrichHeaders",
];
const METHODS = Object.getOwnPropertyNames(Nango.prototype).filter((name) => !NOT_PUBLIC.includes(name));

// The app that a server's owner shares with all its users: a server of one's own has none.
const NEVER_SUCCEED = ["createQuickstartIntegration"];

const isSuccess = ({ ends }: Call): boolean => /^(2\d\d|true)$/.test(ends);

const answered = ({ method, target, status, headers, body }: Exchange) => ({
  method,
  target,
  status,
  type: headers["content-type"],
  text: body.toString(),
});

const isProxy = (operation: string): boolean => /^\w+ \/proxy(\/|$)/.test(operation);

const clientOperations = ({ places }: Contract): string[] =>
  places
    .filter(({ operation }) => operation["x-client-method"] !== undefined && !operation.deprecated)
    .map(({ method, path: at }) => `${method.toUpperCase()} ${at}`)
    .filter((operation) => !isProxy(operation));

/** What is not as documented is noticed: a member too many, one missing, another status, another type, a code of another endpoint. */
const assertNoticed = ({ problemsOf }: Contract, all: ReturnType<typeof answered>[]): void => {
  const records = all.find(({ target, status }) => target.startsWith("/records/?") && status === 200)!;
  const refused = all.find(({ target, status }) => target.startsWith("/records/?") && status === 400)!;
  const spoilt = [
    { ...records, text: records.text.replace("{", '{"total":1,') },
    { ...records, text: records.text.replace('"next_cursor"', '"cursor"') },
    { ...records, status: 201 },
    { ...records, type: "text/html" },
    { ...refused, text: refused.text.replace(/"code":"\w+"/, '"code":"unknown_sync"') },
  ];
  assert.deepEqual([records, refused].flatMap(problemsOf), []);
  for (const one of spoilt) assert.notDeepEqual(problemsOf(one), [], JSON.stringify(one).slice(0, 300));
};

test("every public method of the client is called: with success, and with two failures at least", () => {
  for (const method of METHODS) {
    const calls = CALLS.filter((call) => call.method === method);
    const successes = calls.filter(isSuccess).length;
    assert.ok(successes > 0 || NEVER_SUCCEED.includes(method), `${method} never succeeds`);
    assert.ok(calls.length - successes >= 2, `${method} fails in fewer than two ways`);
  }
  for (const { method } of CALLS) assert.ok(METHODS.includes(method), `the client has no ${method}`);
});

test("the client's calls end as they must, and every answer is as the document says", async (t) => {
  const world = await clientWorld(t);
  const contract = await readContract(world.server.url);
  const outcomes: Outcome[] = [];
  for (const call of CALLS) outcomes.push(await makeCall(world, call));

  const wrong = outcomes.filter(({ call, ended }) => ended !== call.ends);
  assert.deepEqual(
    wrong.map(
      ({ call, ended, exchanges }) =>
        `${call.method}, ${call.says}: ${ended}, not ${call.ends}: ${exchanges.at(-1)?.body}`,
    ),
    [],
  );
  const broken = world.exchanges.flatMap((exchange) =>
    contract
      .problemsOf(answered(exchange))
      .map((problem) => `${exchange.method} ${exchange.target} ${exchange.status}: ${problem}`),
  );
  assert.deepEqual([...new Set(broken)], []);

  assertNoticed(contract, world.exchanges.map(answered));

  const asked = [...new Set(world.exchanges.map((exchange) => operationOf(contract, exchange)))].sort();
  assert.deepEqual(
    asked.filter((one) => !isProxy(one)),
    clientOperations(contract).sort(),
    "what the client asks, and what the document says that it asks",
  );
  assert.equal(asked.length, 34 + 1);

  const table = tableOf(contract, outcomes);
  if (process.env.UPDATE === "1") writeFileSync(TABLE, table);
  assert.deepEqual(table.split("\n"), readFileSync(TABLE, "utf8").split("\n"), "UPDATE=1 writes client.txt anew");
});
