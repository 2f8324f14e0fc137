// The demo's Acme: the bundled provider, with a journal of its edits in the data folder, so that the next demo meets Acme
// as this one left it. Edits made by hand through its admin API are kept too.
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { z } from "zod";
import { type BundledProvider, createBundledProvider } from "../../bundled-provider/server.ts";
import { AppError } from "../../errors.ts";

const Made = z.object({ seed: z.number(), contacts: z.number() });
const Entry = z.object({
  kind: z.enum(["contacts", "companies", "tickets"]),
  action: z.enum(["created", "updated", "deleted"]),
  id: z.string(),
  at: z.string(),
  fields: z.record(z.string(), z.json()).nullable(),
});

export type Acme = BundledProvider & { isNew: boolean };

const SEED = 1;

/** How many rows of each kind there are for so many contacts. */
const rowsFor = (contacts: number) => ({
  contacts,
  companies: Math.ceil(contacts / 5),
  tickets: Math.ceil(contacts / 2),
});

const readJournal = (file: string) => {
  if (!existsSync(file)) return undefined;
  const [first, ...rest] = readFileSync(file, "utf8").trimEnd().split("\n");
  return { made: Made.parse(JSON.parse(first!)), entries: rest.map((text) => Entry.parse(JSON.parse(text))) };
};

const listen = async (
  options: Parameters<typeof createBundledProvider>[0],
  remembered: number,
): Promise<BundledProvider> => {
  try {
    return await createBundledProvider({ ...options, port: remembered });
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EADDRINUSE") throw error;
    return await createBundledProvider({ ...options, port: 0 });
  }
};

/** Start Acme, on the port it had the last time where that is free. `contacts` counts for a new one only. */
export const startAcme = async (o: { folder: string; contacts: number | undefined; port: number }): Promise<Acme> => {
  const file = path.join(o.folder, "acme.ndjson");
  const journal = readJournal(file);
  const made = journal?.made ?? { seed: SEED, contacts: o.contacts ?? 2_000 };
  if (o.contacts !== undefined && o.contacts !== made.contacts) {
    const message = `The demo in ${o.folder} was made with ${made.contacts} contacts. Remove that folder to begin a new one.`;
    throw new AppError("invalid_settings", message);
  }
  const acme = await listen({ seed: made.seed, rows: rowsFor(made.contacts) }, o.port);
  for (const entry of journal?.entries ?? []) acme.world.replay(entry);
  if (journal === undefined) writeFileSync(file, `${JSON.stringify(made)}\n`);
  acme.world.onEdit(({ row: _, ...entry }) => appendFileSync(file, `${JSON.stringify(entry)}\n`));
  return { ...acme, isNew: journal === undefined };
};
