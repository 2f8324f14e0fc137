// The operations that a server runs and no others, where it was given a list: what the tools of clients write when they
// build an app (a JSON file of {hash: query}, or Apollo's manifest), or a folder of .graphql files.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { AppError } from "../errors.ts";

/** What a client sends to say what is to be run. */
export type Asked = { query?: unknown; documentId?: unknown; id?: unknown; doc_id?: unknown; extensions?: unknown };

export type Operations = {
  /** The text of what is asked for; throws `operation_not_allowed` when it may not be run. */
  queryOf: (asked: Asked) => string | undefined;
};

const List = z.union([
  z.strictObject({
    format: z.literal("apollo-persisted-query-manifest"),
    version: z.literal(1),
    operations: z.array(z.looseObject({ id: z.string(), body: z.string() })),
  }),
  z.record(z.string(), z.string()),
]);

const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

const EXTENSION = ".graphql";

const readFolder = (folder: string): [string, string][] =>
  readdirSync(folder)
    .filter((name) => name.endsWith(EXTENSION))
    .map((name) => [name.slice(0, -EXTENSION.length), readFileSync(path.join(folder, name), "utf8")]);

const readFile = (file: string): [string, string][] => {
  const list = List.parse(JSON.parse(readFileSync(file, "utf8")));
  const isManifest = Array.isArray(list.operations);
  return isManifest
    ? (list.operations as { id: string; body: string }[]).map(({ id, body }) => [id, body])
    : Object.entries(list as Record<string, string>);
};

/** The operations in a file or folder, by every name that clients know them by: the list's own and the SHA-256 of the text. */
const readAll = (where: string): Map<string, string> => {
  try {
    const entries = statSync(where).isDirectory() ? readFolder(where) : readFile(where);
    if (entries.length === 0) throw new Error("there is none");
    return new Map(
      entries.flatMap(([name, text]) => [
        [name, text],
        [hashOf(text), text],
      ]),
    );
  } catch (cause) {
    const message = `SYNCLINE_GRAPHQL_OPERATIONS: no operations could be read: ${(cause as Error).message}`;
    throw new AppError("invalid_settings", message, { cause });
  }
};

const Persisted = z.object({ persistedQuery: z.object({ sha256Hash: z.string() }) });

/** The name under which a client asks, in the places where Apollo, Relay and the specification put it. */
const nameIn = ({ extensions, documentId, id, doc_id }: Asked): string | undefined => {
  const apollo = Persisted.safeParse(extensions);
  const named = apollo.success ? apollo.data.persistedQuery.sha256Hash : (documentId ?? id ?? doc_id);
  return typeof named === "string" ? named : undefined;
};

const everything: Operations = {
  queryOf: (asked) => {
    if (typeof asked.query === "string") return asked.query;
    if (nameIn(asked) === undefined) return undefined;
    const message = "PersistedQueryNotSupported"; // by this message clients know that they have to send the text
    throw new AppError("operation_not_allowed", message);
  },
};

/** The operations in the list at `where`, a file or a folder; without one everything may be asked. Throws `invalid_settings`. */
export const readOperations = (where: string | undefined): Operations => {
  if (where === undefined) return everything;
  const known = readAll(where);
  return {
    queryOf: (asked) => {
      const { query } = asked;
      const text = known.get(nameIn(asked) ?? (typeof query === "string" ? hashOf(query) : ""));
      if (text !== undefined) return text;
      const how =
        "This server runs only the operations it was given a list of: add this one to the list, or send another.";
      throw new AppError("operation_not_allowed", how);
    },
  };
};
