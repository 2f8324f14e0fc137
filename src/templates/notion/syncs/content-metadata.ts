// Notion pages that were shared with the app: what each is called and where it lies. Search, the only way to list them, can
// sort by the last edit but not ask for what was edited since. So the first pass goes from the oldest edit to the newest, and
// each later one from the newest back to where the one before it ended.
import { createSync, type NangoBase } from "syncline";
import { z } from "zod";

const MARGIN_MS = 10 * 60_000; // search finds an edit some time after it was made

const ContentMetadata = z.object({
  id: z.string(),
  object_type: z.string(),
  title: z.string(),
  created_time: z.string(),
  last_edited_time: z.string(),
  parent_id: z.string().optional(),
  parent_type: z.string(),
  url: z.string(),
  archived: z.boolean(),
  in_trash: z.boolean(),
});

const Checkpoint = z.object({
  /** The last edit that is stored; empty until the first pass has ended. */
  edited_since: z.string(),
  /** Where the first pass goes on. */
  cursor: z.string(),
});

/** Its id stands under its type: `{ type: "page_id", page_id: "…" }`, or true for the workspace. */
type Parent = { type: string } & { [type: string]: string | boolean };

type Row = {
  object: string;
  id: string;
  created_time: string;
  last_edited_time: string;
  parent: Parent;
  properties: Record<string, { type: string; title?: { plain_text: string }[] }>;
  url: string;
  archived: boolean;
  in_trash: boolean;
};

type Page = { results: Row[]; next_cursor: string | null };

/** The property with the title is called as its database likes. */
const titleOf = ({ properties }: Row): string => {
  const property = Object.values(properties).find(({ type }) => type === "title");
  return (property?.title ?? []).map(({ plain_text }) => plain_text).join("");
};

const toContentMetadata = (row: Row): z.infer<typeof ContentMetadata> => {
  const parent = row.parent[row.parent.type];
  return {
    id: row.id,
    object_type: row.object,
    title: titleOf(row),
    created_time: row.created_time,
    last_edited_time: row.last_edited_time,
    parent_id: typeof parent === "string" ? parent : undefined,
    parent_type: row.parent.type,
    url: row.url,
    archived: row.archived,
    in_trash: row.in_trash,
  };
};

const search = async (nango: NangoBase, direction: "ascending" | "descending", cursor: string): Promise<Page> => {
  const sort = { timestamp: "last_edited_time", direction };
  const { data } = await nango.post<Page>({
    endpoint: "/v1/search",
    data: { query: "", sort, page_size: 100, ...(cursor !== "" && { start_cursor: cursor }) },
    retries: 10, // three requests a second are allowed
  });
  return data;
};

/** Notion may have forgotten the cursor of a run long ago: then the pass starts over. */
const goOn = async (nango: NangoBase, cursor: string): Promise<Page> => {
  try {
    return await search(nango, "ascending", cursor);
  } catch (error) {
    const { status } = (error as { response?: { status?: number } }).response ?? {};
    if (cursor === "" || status !== 400) throw error;
    return await search(nango, "ascending", "");
  }
};

const isPage = ({ object }: Row): boolean => object === "page"; // search lists databases too

export default createSync({
  description:
    "Pages of Notion shared with the app, their titles and places: new and edited ones each time. Pages deleted there stay.",
  version: "1.0.0",
  frequency: "every hour",
  autoStart: true,
  checkpoint: Checkpoint,
  models: { ContentMetadata },
  exec: async (nango) => {
    const saved = (await nango.getCheckpoint()) ?? { edited_since: "", cursor: "" };
    if (saved.edited_since === "") {
      let page = await goOn(nango, saved.cursor);
      for (;;) {
        await nango.batchSave(page.results.filter(isPage).map(toContentMetadata), "ContentMetadata");
        if (page.next_cursor === null) break;
        await nango.saveCheckpoint({ edited_since: "", cursor: page.next_cursor });
        page = await search(nango, "ascending", page.next_cursor);
      }
      const last = page.results.at(-1);
      if (last !== undefined) await nango.saveCheckpoint({ edited_since: last.last_edited_time, cursor: "" });
      return;
    }
    const until = new Date(Date.parse(saved.edited_since) - MARGIN_MS).toISOString();
    let newest = saved.edited_since;
    for (let cursor: string | null = ""; cursor !== null; ) {
      const { results, next_cursor }: Page = await search(nango, "descending", cursor);
      await nango.batchSave(results.filter(isPage).map(toContentMetadata), "ContentMetadata");
      const [first, last] = [results[0]?.last_edited_time ?? "", results.at(-1)?.last_edited_time ?? ""];
      if (first > newest) newest = first;
      cursor = last >= until ? next_cursor : null;
    }
    await nango.saveCheckpoint({ edited_since: newest, cursor: "" });
  },
});
