// Outlook messages in the inbox, by Microsoft's delta query: those of the last 30 days, then what changed since, deletions too.
import { createSync, type NangoBase } from "syncline";
import { z } from "zod";

const FOLDER = "inbox";
const FIRST_DAYS = 30; // with a filter the delta query sends 5,000 messages at most, so not all there ever were

const Party = z.object({ emailAddress: z.object({ name: z.string().optional(), address: z.string().optional() }) });

const Message = z.object({
  /** Another one when the message is moved: it is then deleted here and added there. */
  id: z.string(),
  folderId: z.string(),
  subject: z.string().optional(),
  bodyPreview: z.string().optional(),
  importance: z.string().optional(),
  conversationId: z.string().optional(),
  receivedDateTime: z.string().optional(),
  sentDateTime: z.string().optional(),
  isRead: z.boolean().optional(),
  isDraft: z.boolean().optional(),
  internetMessageId: z.string().optional(),
  sender: Party.optional(),
  from: Party.optional(),
  toRecipients: z.array(Party).optional(),
  ccRecipients: z.array(Party).optional(),
  bccRecipients: z.array(Party).optional(),
  webLink: z.string().optional(),
  createdDateTime: z.string().optional(),
  lastModifiedDateTime: z.string().optional(),
});

type Mapped = z.infer<typeof Message>;

/** Of a message that was changed, maybe only what changed; of one that is gone, the id. */
type Row = { [Name in Exclude<keyof Mapped, "id" | "folderId">]?: Mapped[Name] | null } & {
  id: string;
  "@removed"?: { reason: string };
};

type Page = { value: Row[]; "@odata.nextLink"?: string; "@odata.deltaLink"?: string };

const listed = <T>(parties: T[] | null | undefined): T[] | undefined => (parties?.length ? parties : undefined);

const toMessage = (row: Row): Mapped => ({
  id: row.id,
  folderId: FOLDER,
  subject: row.subject ?? undefined,
  bodyPreview: row.bodyPreview ?? undefined,
  importance: row.importance ?? undefined,
  conversationId: row.conversationId ?? undefined,
  receivedDateTime: row.receivedDateTime ?? undefined,
  sentDateTime: row.sentDateTime ?? undefined,
  isRead: row.isRead ?? undefined,
  isDraft: row.isDraft ?? undefined,
  internetMessageId: row.internetMessageId ?? undefined,
  sender: row.sender ?? undefined,
  from: row.from ?? undefined,
  toRecipients: listed(row.toRecipients),
  ccRecipients: listed(row.ccRecipients),
  bccRecipients: listed(row.bccRecipients),
  webLink: row.webLink ?? undefined,
  createdDateTime: row.createdDateTime ?? undefined,
  lastModifiedDateTime: row.lastModifiedDateTime ?? undefined,
});

const firstPage = async (nango: NangoBase): Promise<Page> => {
  const since = new Date(Date.now() - FIRST_DAYS * 24 * 60 * 60_000).toISOString();
  const { data } = await nango.get<Page>({
    endpoint: `/v1.0/me/mailFolders/${FOLDER}/messages/delta`,
    // No other filter and no other order are allowed here.
    params: { $filter: `receivedDateTime ge ${since}`, $orderby: "receivedDateTime desc", $top: 50 },
    retries: 3,
  });
  return data;
};

/** What a link leads to; undefined when Microsoft no longer knows where it began, and everything must be read again. */
const follow = async (nango: NangoBase, link: string): Promise<Page | undefined> => {
  const { pathname, search } = new URL(link);
  try {
    const { data } = await nango.get<Page>({ endpoint: pathname + search, retries: 3 });
    return data;
  } catch (error) {
    if ((error as { response?: { status?: number } }).response?.status === 410) return undefined;
    throw error;
  }
};

const isGone = (row: Row): boolean => row["@removed"] !== undefined;
const isWhole = ({ receivedDateTime }: Row): boolean => receivedDateTime !== undefined;

export default createSync({
  description:
    "Messages in the Outlook inbox, from 30 days before on: new, changed and deleted ones each time, without their bodies.",
  version: "1.0.0",
  frequency: "every 5 minutes",
  autoStart: true,
  scopes: ["offline_access", "Mail.Read"],
  checkpoint: z.object({ link: z.string() }),
  models: { Message },
  exec: async (nango) => {
    const link = (await nango.getCheckpoint())?.link;
    let page = (link === undefined ? undefined : await follow(nango, link)) ?? (await firstPage(nango));
    for (;;) {
      const gone = page.value.filter(isGone);
      const rest = page.value.filter((row) => !isGone(row));
      await nango.batchSave(rest.filter(isWhole).map(toMessage), "Message");
      const parts = rest.filter((row) => !isWhole(row)).map(toMessage);
      if (parts.length > 0) await nango.batchUpdate(parts, "Message"); // those of before the 30 days are not stored
      await nango.batchDelete(
        gone.map(({ id }) => ({ id })),
        "Message",
      );
      const next = page["@odata.nextLink"];
      const reached = next ?? page["@odata.deltaLink"];
      if (reached === undefined) throw new Error("Microsoft sent no link to go on with");
      await nango.saveCheckpoint({ link: reached });
      if (next === undefined) return;
      page = (await follow(nango, next)) ?? (await firstPage(nango));
    }
  },
});
