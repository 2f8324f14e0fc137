// Two environments with the same names for everything. Whatever is asked with the key of one, nothing of the other is seen
// and nothing is changed; the same requests with the other's key succeed, so that they ask for something.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type Contract, type Place, readContract } from "./document.ts";
import { COSTLY, type Request, wholeRequest } from "./fuzz-request.ts";
import { createSender, type Sender } from "./fuzz-send.ts";
import { NEVER_SUCCEED } from "./never-succeed.ts";
import { KEYS } from "./running.ts";
import { EXAMPLES, toRequest } from "./tenancy-examples.ts";
import { stateOf } from "./tenancy-state.ts";
import { type Ids, MARK, startTenants } from "./tenancy-world.ts";

const SEED = 7;
const CALLS_EACH = 3;

const NOT_WITH_THESE_KEYS: { readonly [operation: string]: string } = {
  ...NEVER_SUCCEED,
  "get /environments": "for account keys",
  "post /environments": "for account keys",
  "delete /environments/{id}": "for account keys",
};

const nameOf = ({ method, path }: Place): string => `${method} ${path}`;

/** What is asked of an operation with a key, about the things that have these ids. */
const requestsTo = (contract: Contract, place: Place, key: string, ids: Ids): Request[] => {
  const numRuns = COSTLY.test(place.path) ? 1 : CALLS_EACH;
  const generated = fc.sample(fc.gen(), { numRuns, seed: SEED }).map((g) => wholeRequest(g, contract, place));
  const withKey = generated.map((one) => ({ ...one, headers: { ...one.headers, authorization: `Bearer ${key}` } }));
  const examples = EXAMPLES[nameOf(place)]?.(ids) ?? [];
  return [...examples.map((example) => toRequest(place.method, example, key)), ...withKey];
};

const isProxy = ({ path }: Place): boolean => path.startsWith("/proxy");

/** First what needs the connections as they were made, last what deletes: other requests need it. */
const inOrder = (places: Place[]): Place[] => [
  ...places.filter(isProxy),
  ...places.filter((place) => !isProxy(place) && place.method !== "delete"),
  ...places.filter((place) => !isProxy(place) && place.method === "delete"),
];

const sendAll = async ({ send }: Sender, requests: Request[]) => {
  const answers = [];
  for (const asked of requests) answers.push({ asked, ...(await send(asked)) });
  return answers;
};

test("no operation shows or changes anything of another environment, not even what has the same name", async (t) => {
  const { server, dev, prod } = await startTenants(t);
  const contract = await readContract(server.url);
  const sender = createSender(server.url);
  t.after(sender.close);
  const places = inOrder(contract.places);
  for (const operation of Object.keys({ ...EXAMPLES, ...NOT_WITH_THESE_KEYS })) {
    assert.ok(
      places.some((place) => nameOf(place) === operation),
      `the document has no ${operation}`,
    );
  }

  const before = await stateOf(server.db, dev.environment);
  assert.ok([...before.values()].flat().length > 40, "there is something to see and to change");
  // Whoever knows an environment's uid may send it webhooks, as providers have no key.
  const { session, connecting, uid } = prod;
  const foreign = { ...dev, function: prod.function, session, connecting, uid };
  const secrets = [MARK, dev.uid, dev.session, dev.connecting];
  const ids = [dev.action, dev.deployment, dev.dryRun, dev.webhook];
  for (const place of places) {
    const bearers = (place.operation.security ?? []).some((scheme) => "session" in scheme)
      ? [KEYS.prod, prod.session]
      : [KEYS.prod];
    for (const bearer of bearers) {
      for (const { asked, status, text } of await sendAll(sender, requestsTo(contract, place, bearer, foreign))) {
        const seen = secrets.filter((secret) => text.includes(secret));
        const shown = `${asked.method} ${asked.target}: ${status} ${text.slice(0, 1000)}`;
        assert.deepEqual(seen, [], shown);
        assert.ok(status < 500 || text.includes("not_implemented"), shown);
        if (ids.some((id) => asked.target.includes(id))) assert.ok(status >= 400, shown);
      }
    }
  }
  const after = await stateOf(server.db, dev.environment);
  for (const [table, rows] of before) assert.deepEqual(after.get(table), rows, table);

  const seen = new Set<string>();
  const idle: string[] = [];
  for (const place of places) {
    const answers = await sendAll(sender, requestsTo(contract, place, KEYS.dev, dev));
    if (answers.some(({ text }) => text.includes(MARK))) seen.add(nameOf(place));
    const hasSucceeded = answers.some(({ status }) => status < 300);
    const is = hasSucceeded === !(nameOf(place) in NOT_WITH_THESE_KEYS);
    if (!is)
      idle.push(
        `${nameOf(place)}: ${answers.map(({ status, text }) => `${status} ${text.slice(0, 300)}`).join("\n    ")}`,
      );
  }
  assert.deepEqual(idle, [], "operations that cannot be called so: an example or a reason is missing");
  assert.ok(seen.size >= 15, `the mark is seen by its own environment: ${[...seen]}`);
});
