// The statements that GraphQL sends to Postgres, and their golden copies: golden/<operation>.sql, the operation above its SQL,
// so that a change of what is generated is seen in review. UPDATE=1 writes them anew.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { TestContext } from "node:test";
import { GraphQLClient } from "graphql-request";
import pg from "pg";

const FOLDER = path.join(import.meta.dirname, "golden");
// What goes around every request, and what a new connection begins with.
const AROUND = /^(begin|commit|rollback|set)\b|^select set_config\(/i;

type Sent = { text: string; values?: unknown[] };

/** Every statement of the GraphQL doors of this process, but those around a transaction, as it is sent. */
export const recordStatements = (t: TestContext): Sent[] => {
  const sent: Sent[] = [];
  const { query } = pg.Client.prototype;
  const isGraphql = (client: pg.Client): boolean =>
    (
      (client as unknown as { connectionParameters: { application_name?: string } }).connectionParameters
        .application_name ?? ""
    ).startsWith("syncline graphql");
  const recorded = function (this: pg.Client, ...args: unknown[]) {
    const statement = (typeof args[0] === "string" ? { text: args[0] } : args[0]) as Sent;
    if (isGraphql(this) && !AROUND.test(statement.text)) sent.push(statement);
    return (query as (...all: unknown[]) => unknown).apply(this, args);
  };
  pg.Client.prototype.query = recorded as typeof query;
  t.after(() => {
    pg.Client.prototype.query = query;
  });
  return sent;
};

const normalised = (text: string): string =>
  text
    .trim()
    .replace(/[ \t]+$/gm, "")
    .replace(/;?$/, ";");

const dedent = (text: string): string => {
  const [first = "", ...rest] = text.trim().split("\n");
  const indent = Math.min(...rest.map((line) => line.search(/\S|$/)));
  return [first, ...rest.map((line) => line.slice(indent))].join("\n");
};

// Statements at the same time go over several connections, in any order.
const golden = (operation: string, statements: Sent[]): string => {
  const comment = dedent(operation).replace(/^/gm, "-- ").replace(/ +$/gm, "");
  return `${[comment, ...statements.map(({ text }) => normalised(text)).sort()].join("\n\n")}\n`;
};

/** Compare with golden/<name>.sql, or write it. */
const compare = (name: string, text: string): void => {
  const file = path.join(FOLDER, `${name}.sql`);
  if (process.env.UPDATE === "1") {
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(file, text);
  }
  assert.equal(text, readFileSync(file, "utf8"), `the SQL of ${name} changed: UPDATE=1 writes it anew`);
};

// biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for
type Data = any;

/** A client of a server, with the key. */
export const clientOf = (url: string, key: string): GraphQLClient =>
  new GraphQLClient(`${url}/graphql`, { headers: { authorization: `Bearer ${key}` } });

/**
 * Ask operations (`query Name { … }`) with a real client; the SQL is compared with golden/Name.sql, and its statements are
 * counted in `statements`. `count` only counts.
 */
export const goldenClient = async (t: TestContext, url: string, key: string) => {
  const sent = recordStatements(t);
  const client = clientOf(url, key);
  await client.request("{ __typename }"); // whoever asks first waits for the schema, which is read by statements too
  const count = async (operation: string, variables: Record<string, unknown> = {}) => {
    const from = sent.length;
    const data: Data = await client.request(operation, variables);
    return { data, sent: sent.slice(from), statements: sent.length - from };
  };
  const ask = async (operation: string, variables: Record<string, unknown> = {}) => {
    const [, name] = /^\s*(?:query|mutation) (\w+)/.exec(operation) ?? [];
    assert.ok(name !== undefined, "an operation has a name");
    const answer = await count(operation, variables);
    compare(name, golden(operation, answer.sent));
    return answer;
  };
  return { client, ask, count };
};
