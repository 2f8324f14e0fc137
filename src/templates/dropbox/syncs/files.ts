// Dropbox files of the connected account: all of them at first, and from then on what changed, by Dropbox's cursor.
import { createSync, type NangoBase, type NangoSync } from "syncline";
import { z } from "zod";

const File = z.object({
  /** The path in lower case, as that is all Dropbox says of a file that is gone. */
  id: z.string(),
  /** Stays the same when the file is moved or renamed. */
  dropbox_id: z.string(),
  name: z.string(),
  path_lower: z.string(),
  path_display: z.string(),
  server_modified: z.string(),
  client_modified: z.string(),
  rev: z.string(),
  size: z.number(),
  content_hash: z.string().optional(),
  is_downloadable: z.boolean().optional(),
});

const Checkpoint = z.object({
  cursor: z.string(),
  /** While all files are read, which may take several runs. */
  is_full: z.boolean(),
});

type FileEntry = Omit<z.infer<typeof File>, "dropbox_id"> & { ".tag": "file" };
type OtherEntry = { ".tag": "folder" | "deleted"; path_lower: string };
type Entry = FileEntry | OtherEntry;

type Page = { entries: Entry[]; cursor: string; has_more: boolean };

const toFile = (row: FileEntry): z.infer<typeof File> => ({
  id: row.path_lower,
  dropbox_id: row.id,
  name: row.name,
  path_lower: row.path_lower,
  path_display: row.path_display,
  server_modified: row.server_modified,
  client_modified: row.client_modified,
  rev: row.rev,
  size: row.size,
  content_hash: row.content_hash,
  is_downloadable: row.is_downloadable,
});

const firstPage = async (nango: NangoBase): Promise<Page> => {
  const data = { path: "", recursive: true, include_deleted: true };
  return (await nango.post<Page>({ endpoint: "/2/files/list_folder", data, retries: 3 })).data;
};

const pageAfter = async (nango: NangoBase, cursor: string): Promise<Page> =>
  (await nango.post<Page>({ endpoint: "/2/files/list_folder/continue", data: { cursor }, retries: 3 })).data;

/** Undefined when Dropbox says that the cursor is of no use any more, and everything must be read again. */
const resume = async (nango: NangoBase, cursor: string): Promise<Page | undefined> => {
  try {
    return await pageAfter(nango, cursor);
  } catch (error) {
    const { status, data } =
      (error as { response?: { status: number; data?: { error_summary?: string } } }).response ?? {};
    if (status === 409 && data?.error_summary?.startsWith("reset")) return undefined;
    throw error;
  }
};

/** What the page leaves: its entries are to be taken in order, and a deleted folder takes what is in it along. */
const readPage = (entries: Entry[]): { files: FileEntry[]; deleted: string[] } => {
  const files = new Map<string, FileEntry>();
  const deleted = new Set<string>();
  for (const entry of entries) {
    const path = entry.path_lower;
    if (entry[".tag"] === "file") {
      deleted.delete(path);
      files.set(path, entry);
    } else if (entry[".tag"] === "deleted") {
      deleted.add(path);
      for (const known of files.keys()) if (known === path || known.startsWith(`${path}/`)) files.delete(known);
    }
  }
  return { files: [...files.values()], deleted: [...deleted] };
};

/** The stored files in deleted folders, as Dropbox names the folder alone. */
const filesUnder = async (nango: NangoSync, deleted: string[]): Promise<string[]> => {
  const known = await nango.getRecordsByIds(deleted, "File");
  const folders = new Set(deleted.filter((path) => !known.has(path)));
  if (folders.size === 0) return [];
  const found: string[] = [];
  for await (const { id, _nango_metadata } of nango.listRecords("File")) {
    if (_nango_metadata.deleted_at !== null) continue;
    for (let end = id.lastIndexOf("/"); end > 0; end = id.lastIndexOf("/", end - 1)) {
      if (!folders.has(id.slice(0, end))) continue;
      found.push(id);
      break;
    }
  }
  return found;
};

export default createSync({
  description:
    "Files of a Dropbox account, new, changed and deleted ones each time. A file that is moved is a new record.",
  version: "1.0.0",
  frequency: "every 5 minutes",
  autoStart: true,
  scopes: ["files.metadata.read"],
  checkpoint: Checkpoint,
  models: { File },
  exec: async (nango) => {
    const saved = await nango.getCheckpoint();
    let page = saved === null ? undefined : await resume(nango, saved.cursor);
    const isFull = page === undefined || saved?.is_full === true;
    if (page === undefined) {
      if (saved !== null) await nango.clearCheckpoint();
      page = await firstPage(nango);
    }
    // Between the reset of a cursor and the new one, deletions are told of nowhere.
    if (isFull) await nango.trackDeletesStart("File");
    for (;;) {
      const { files, deleted } = readPage(page.entries);
      const gone = isFull || deleted.length === 0 ? deleted : [...deleted, ...(await filesUnder(nango, deleted))];
      // First what is gone: there may be a new file at the path of an old one.
      await nango.batchDelete(
        gone.map((id) => ({ id })),
        "File",
      );
      await nango.batchSave(files.map(toFile), "File");
      await nango.saveCheckpoint({ cursor: page.cursor, is_full: isFull });
      if (!page.has_more) break;
      page = await pageAfter(nango, page.cursor);
    }
    if (!isFull) return;
    // In this order: interrupted in between, the next run goes on with this window and not without one.
    await nango.trackDeletesEnd("File");
    await nango.saveCheckpoint({ cursor: page.cursor, is_full: false });
  },
});
