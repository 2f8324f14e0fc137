// The promise of tenancy, asked of every type, field, relation, argument and mutation that the schema has.
import assert from "node:assert/strict";
import {
  buildClientSchema,
  type GraphQLInputType,
  type GraphQLNamedType,
  type GraphQLSchema,
  getIntrospectionQuery,
  getNamedType,
  isLeafType,
  isObjectType,
} from "postgraphile/graphql";
import { stateOf } from "../contract/tenancy-state.ts";
import { DEV_KEY, PROD_KEY, type TestApi } from "../http/api.ts";
import {
  createDocuments,
  type Documents,
  type Field,
  fieldsOf,
  isPlain,
  kindsOf,
  relationsOf,
  rowType,
} from "./documents.ts";
import { createHarvest, type Harvest, literalsFrom } from "./harvest.ts";
import { eventsOf, streamAll } from "./tenancy-streams.ts";
import { MARK } from "./tenancy-world.ts";

type Asked = {
  document: string;
  text: string;
  data: unknown;
  errors: { message: string; extensions: { code: string } }[];
};

const AT_ONCE = 10;
const MOST_VALUES = 8; // of an argument
const FEW_VALUES = 2;

// For arguments that no answer has values for.
const OTHERS: { [type: string]: string[] } = {
  Datetime: ['"2020-01-01T00:00:00Z"', '"2040-01-01T00:00:00Z"'],
  Boolean: ["true", "false"],
  Int: ["1"],
  BigInt: ['"1"'],
  Float: ["1.5"],
  String: ['"every day"', `"${MARK}"`, '"crm"', '"one"', '"Contact"', '"base"'],
};

const rootsOf = (schema: GraphQLSchema): Field[] => fieldsOf(schema.getQueryType()!);

/** Documents along every relation: each root field, and what it leads to `depth` relations further. */
const walks = (schema: GraphQLSchema, { follow }: Documents, depth: number): string[] =>
  relationsOf(schema.getQueryType()!).flatMap((root) => {
    const near = `{ ${follow(root, 1)} }`;
    if (depth < 2) return [near];
    // One document for each first step, or they were larger than a request may be.
    const nodes = fieldsOf(getNamedType(root.type)).some(({ name }) => name === "nodes");
    const far = relationsOf(rowType(root.type)).map((relation) => {
      const inner = follow(relation, depth - 2);
      return nodes ? `{ ${root.name}(first: 3) { nodes { __typename ${inner} } } }` : `{ ${root.name} { ${inner} } }`;
    });
    return [near, ...far];
  });

/** Documents with every argument of every root field and, when `isNested`, of every relation as well. */
const questions = (
  schema: GraphQLSchema,
  { follow, waysToAsk }: Documents,
  harvest: Harvest,
  isNested: boolean,
): string[] => {
  const literals = literalsFrom(harvest, OTHERS, isNested ? MOST_VALUES : FEW_VALUES);
  const asked = (fields: Field[], wrap: (inner: string) => string): string[] => {
    const all = fields.flatMap((field) =>
      kindsOf(schema, rowType(field.type)).flatMap((kind) =>
        waysToAsk(field, literals).map((args) => [field, args, kind] as const),
      ),
    );
    const groups = Array.from({ length: Math.ceil(all.length / AT_ONCE) }, (_, at) =>
      all.slice(at * AT_ONCE, (at + 1) * AT_ONCE),
    );
    return groups.map((group) =>
      wrap(group.map(([field, args, kind], at) => follow(field, 0, args, `q${at}`, kind)).join("\n")),
    );
  };
  const nested = relationsOf(schema.getQueryType()!).flatMap((root) => {
    const relations = fieldsOf(rowType(root.type)).filter(({ args }) => args.length > 0);
    return asked(relations, (inner) => `{ ${root.name}(first: 2) { nodes { __typename ${inner} } } }`);
  });
  return [...asked(rootsOf(schema), (inner) => `{ ${inner} }`), ...(isNested ? nested : [])];
};

const subscriptionsOf = (
  schema: GraphQLSchema,
  { follow, waysToAsk }: Documents,
  harvest: Harvest,
): [string, string][] => {
  const type = schema.getSubscriptionType();
  if (type === null || type === undefined) return [];
  const literals = literalsFrom(harvest, OTHERS, FEW_VALUES);
  const fromTheStart = (name: string, ...rest: [GraphQLInputType, GraphQLNamedType]) =>
    name === "after" ? ['""', ...literals(name, ...rest)] : literals(name, ...rest);
  return fieldsOf(type).flatMap((field) =>
    [...(isPlain(field) ? [""] : []), ...waysToAsk(field, fromTheStart)].map((args): [string, string] => [
      field.name,
      `subscription { ${follow(field, 2, args)} }`,
    ]),
  );
};

const mutationsOf = (schema: GraphQLSchema, { follow, waysToAsk }: Documents, harvest: Harvest): [string, string][] => {
  const type = schema.getMutationType();
  if (type === null || type === undefined) return [];
  return fieldsOf(type).flatMap((field) =>
    waysToAsk(field, literalsFrom(harvest, OTHERS, MOST_VALUES)).map((args): [string, string] => [
      field.name,
      `mutation { ${follow(field, 1, args)} }`,
    ]),
  );
};

/** Mutations that name nothing that belongs to somebody: they act on what is the caller's own. */
const OWN_ALONE = new Set(["replayEvents"]);

/** Whether a mutation gave something. */
const isDone = ({ data }: Asked, name: string): boolean =>
  ((data as { [name: string]: unknown } | null)?.[name] ?? null) !== null;

/** Ids by type, as `Run 12`. */
const idsIn = ({ seen }: Harvest): Set<string> =>
  new Set(
    [...seen].flatMap(([at, values]) => (at.endsWith(".id") ? [...values].map((value) => `${at} ${value}`) : [])),
  );

/** Fields that show nothing even to their own environment here, and why. */
export const SILENT: { [field: string]: string } = {
  "ChangedRecordMetadata.deletedAt": "no record is deleted while somebody listens",
  "ChangedRecordMetadata.prunedAt": "no record is pruned",
  "RecordMetadata.deletedAt": "no record is deleted",
  "RecordMetadata.prunedAt": "no record is pruned",
};

export type Findings = {
  /** How much was asked for. */
  documents: number;
  mutations: number;
  /** Fields that showed nothing to their own environment. */
  silent: string[];
  /** Mutations that did not find what is their own environment's. */
  idle: string[];
};

/** Ask everything with either key; fails where prod sees or changes what is dev's. Beyond depth 1 relations are asked with arguments too. */
export const askEverything = async (api: TestApi, depth: number): Promise<Findings> => {
  const ask = async (key: string, document: string): Promise<Asked> => {
    const { text, body } = await api.call("POST", "/graphql", { body: { query: document }, key });
    const { data = null, errors = [] } = body as Partial<Asked>;
    for (const { message, extensions } of errors) {
      const isOurs = extensions.code === "generic_error_support" || extensions.code === "query_limit_exceeded";
      const isWrong =
        isOurs || extensions.code === "query_syntax_error" || (extensions.code === "query_invalid" && data === null);
      assert.ok(!isWrong, `${message}\n${document.slice(0, 2_000)}\n${api.logged.slice(-1)}`);
    }
    return { document, text, data, errors };
  };
  // Until the mutations nothing changes: an answer that is looked at twice is asked for once.
  const answers = new Map<string, Promise<Asked>>();
  const read = (key: string, document: string): Promise<Asked> => {
    const answer = answers.get(key + document) ?? ask(key, document);
    answers.set(key + document, answer);
    return answer;
  };
  const introspected = await ask(DEV_KEY, getIntrospectionQuery());
  const schema = buildClientSchema(introspected.data as Parameters<typeof buildClientSchema>[0]);
  const documents = createDocuments();
  const [own, others] = [createHarvest(), createHarvest()];

  // What each shows to its own key, first without arguments and then with those that the answers gave.
  const plain = walks(schema, documents, depth);
  for (const document of plain) own.gather((await read(DEV_KEY, document)).data);
  for (const document of plain) others.gather((await read(PROD_KEY, document)).data);
  const withArguments = questions(schema, documents, own, depth > 1);
  for (const document of withArguments) own.gather((await read(DEV_KEY, document)).data);
  for (const document of questions(schema, documents, others, depth > 1))
    others.gather((await read(PROD_KEY, document)).data);
  assert.ok(
    [...own.texts].some((text) => text.includes(MARK)),
    "dev sees its mark",
  );

  // What dev has and prod has not, asked for with prod's key.
  const secrets = [MARK, ...[...own.texts].filter((text) => !others.texts.has(text))];
  const ids = idsIn(own);
  const before = await stateOf(api.db, api.dev.id);
  const check = ({ document, data, errors }: Asked): void => {
    const shown = JSON.stringify(data);
    const told = errors.map(({ message }) => message).join("\n");
    const leaked = secrets.filter(
      (secret) => shown.includes(secret) || (!document.includes(secret) && told.includes(secret)),
    );
    const foreign = createHarvest();
    foreign.gather(data);
    leaked.push(...[...idsIn(foreign)].filter((id) => ids.has(id)));
    assert.deepEqual(leaked, [], `${document}\n${shown.slice(0, 3_000)}`);
  };
  for (const document of [...plain, ...withArguments]) check(await read(PROD_KEY, document));
  const subscriptions = subscriptionsOf(schema, documents, own);
  const { dev, prod } = await streamAll(api.url, subscriptions);
  for (const { text } of dev) for (const { data } of eventsOf(text)) own.gather(data);
  for (const { document, text } of prod)
    for (const { data, errors } of eventsOf(text)) check({ document, text, data, errors } as Asked);
  const mutations = mutationsOf(schema, documents, own);
  for (const [name, document] of mutations) {
    const answer = await ask(PROD_KEY, document);
    check(answer);
    assert.ok(
      OWN_ALONE.has(name) || !isDone(answer, name),
      `a mutation of another environment's things is refused: ${document}`,
    );
  }
  const after = await stateOf(api.db, api.dev.id);
  for (const [table, rows] of before) assert.deepEqual(after.get(table), rows, table);

  const reached = new Set<string>();
  const told = new Map<string, string>();
  for (const [name, document] of mutations) {
    const answer = await ask(DEV_KEY, document);
    const { data, errors } = answer;
    own.gather(data);
    told.set(
      name,
      `${told.get(name) ?? ""}\n${document.slice(0, 200)} ${errors.map(({ message }) => message).join("; ")}`,
    );
    if (isDone(answer, name) || errors.every(({ extensions }) => extensions.code === "SL005")) reached.add(name);
  }
  const names = [...new Set(mutations.map(([name]) => name))];
  const types = Object.values(schema.getTypeMap()).filter(
    ({ name }) => !name.startsWith("__") && !/^(Query|Mutation|Subscription)$/.test(name),
  );
  const leaves = types.flatMap((type) =>
    (isObjectType(type) ? fieldsOf(type) : []).flatMap((field) =>
      isLeafType(getNamedType(field.type)) ? [`${type.name}.${field.name}`] : [],
    ),
  );
  return {
    documents: plain.length + withArguments.length + subscriptions.length,
    mutations: mutations.length,
    silent: leaves.filter((at) => !own.seen.has(at) && !/(PageInfo|Payload|Edge|Connection)\.\w+$/.test(at)).sort(),
    idle: names.filter((name) => !reached.has(name)).map((name) => `${name}: ${told.get(name)}`),
  };
};
