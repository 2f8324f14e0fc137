// The plan of every field that gives a page of records.
import type { PgExecutor } from "postgraphile/@dataplan/pg";
import {
  access,
  connection,
  type ExecutableStep,
  type FieldArgs,
  type LoadManyInfo,
  lambda,
  list,
  loadMany,
} from "postgraphile/grafast";
import type { DataKeys } from "../../crypto/data-keys.ts";
import type { Db } from "../../db/fn.ts";
import { AppError } from "../../errors.ts";
import { type ReadArguments, readRecordsOf } from "./read.ts";

const MOST_RECORDS = 1_000;
const MOST_IDS = 1_000;
/** How many records a page has when nobody says. */
export const USUAL_RECORDS = 100;

export type Action = "A" | "U" | "D";

/** The pages of records under a field: whose, and which when the request does not say. */
export type PageOf = {
  /** The connection's id in the table; null when it is named. */
  connection: ExecutableStep;
  connectionId: ExecutableStep;
  /** Where a named one may be; null means anywhere. */
  integrations: ExecutableStep;
  model: ExecutableStep;
  variant: ExecutableStep;
  actions: Action[] | null;
};

type Context = {
  pgSettings: Record<string, string>;
  withPgClient: <T>(settings: object, work: (client: { rawClient: Db }) => Promise<T>) => Promise<T>;
};

type Shared = [
  context: Context,
  connectionId: string | null | undefined,
  integrations: string[] | null | undefined,
  actions: Action[] | null | undefined,
  modifiedAfter: string | null | undefined,
  ids: string[] | null | undefined,
];

// A view's number comes as text.
type Lookup = readonly [string | number | null | undefined, string, string | null | undefined];

const checkFirst = (first: unknown): number => {
  const wanted = (first ?? USUAL_RECORDS) as number;
  if (wanted >= 0 && wanted <= MOST_RECORDS) return wanted;
  throw new AppError("invalid_query_params", `A page has at most ${MOST_RECORDS} records: first cannot be ${wanted}.`);
};

const checkSince = (time: string | null): string | null => {
  if (time === null || !Number.isNaN(Date.parse(time))) return time;
  throw new AppError(
    "invalid_query_params",
    `modifiedAfter must be a time such as 2026-01-31T12:00:00Z, not "${time}".`,
  );
};

const checkIds = (ids: string[] | null): string[] | null => {
  if (ids === null || ids.length <= MOST_IDS) return ids;
  throw new AppError("invalid_query_params", `At most ${MOST_IDS} ids can be asked for at once.`);
};

/** Makes the step of a page of records: a Relay connection over `PageOf`, with the arguments of the field. */
export const createRecordPages = (keys: DataKeys) => {
  const read = readRecordsOf(keys);

  return (executor: PgExecutor, of: PageOf, args: FieldArgs): ExecutableStep => {
    // A function of this field alone: LoadMany batches whatever has the same function under the parameters of the first.
    const load = async (lookups: readonly Lookup[], info: LoadManyInfo<unknown, Record<string, unknown>>) => {
      const [context, connectionId, integrations, actions, modifiedAfter, ids] = info.shared as Shared;
      const { after, limit } = info.params as { after?: string | null; limit?: number | null };
      const wanted: ReadArguments = {
        connectionId: connectionId ?? null,
        integrations: integrations ?? null,
        actions: actions ?? of.actions,
        modifiedAfter: checkSince(modifiedAfter ?? null),
        ids: checkIds(ids ?? null),
        after: after ?? null,
        limit: limit ?? USUAL_RECORDS,
      };
      const targets = lookups.map(([id, model, variant]) => ({
        connection: id == null ? null : Number(id),
        model,
        variant: variant ?? null,
      }));
      const withClient = <T>(work: (db: Db) => Promise<T>): Promise<T> =>
        context.withPgClient(context.pgSettings, (client) => work(client.rawClient));
      return await read(withClient, targets, wanted, (info.attributes as readonly string[]).includes("data"));
    };
    const $list = loadMany([of.connection, of.model, of.variant], {
      name: "readRecords",
      load: load as never,
      shared: () =>
        list([
          executor.context(),
          of.connectionId,
          of.integrations,
          args.getRaw("filter"),
          args.getRaw("modifiedAfter"),
          args.getRaw("ids"),
        ]),
      paginationSupport: { cursor: true, offset: false, reverse: false },
    });
    Object.assign($list, { cursorForItem: ($item: ExecutableStep) => access($item, "cursor") });
    const $page = connection($list as never);
    $page.setFirst(lambda(args.getRaw("first") as ExecutableStep, checkFirst, true));
    $page.setAfter(args.getRaw("after") as never);
    $page.items(); // else `pageInfo { endCursor }` without nodes would be null
    return $page;
  };
};

export type RecordPages = ReturnType<typeof createRecordPages>;
