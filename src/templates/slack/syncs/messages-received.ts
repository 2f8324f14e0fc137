// Slack messages of the channels that the app is in. One run reads one channel, the next run the one after it, because
// Slack allows an app that is not in its marketplace one call of conversations.history a minute.
import { createSync, type NangoBase } from "syncline";
import { z } from "zod";

const MARGIN_SECONDS = 60; // Slack's clock may be behind ours
// What people and apps say; other subtypes tell of joins, topics and the like.
const SAID = new Set([undefined, "bot_message", "file_share", "me_message", "thread_broadcast"]);

const Message = z.object({
  id: z.string(),
  channel_id: z.string(),
  channel_name: z.string(),
  user_id: z.string().optional(),
  text: z.string(),
  timestamp: z.string(),
  thread_timestamp: z.string().optional(),
  is_thread_reply: z.boolean(),
  created_at: z.string(),
});

const Checkpoint = z.object({
  /** The channel read last: the next has the next higher id, and with the last one the pass ends. */
  channel: z.string(),
  /** The pass reads what was said since then, in seconds. */
  oldest: z.string(),
  /** When the pass began, which is the next one's `oldest`. */
  started_at: z.string(),
});

type Channel = { id: string; name: string; is_member: boolean };

type Row = { ts: string; thread_ts?: string; subtype?: string; user?: string; text?: string };

type Page<Name extends string, T> = { [name in Name]: T[] } & { response_metadata?: { next_cursor?: string } };

const toMessage = (channel: Channel, row: Row): z.infer<typeof Message> => ({
  id: `${channel.id}-${row.ts}`,
  channel_id: channel.id,
  channel_name: channel.name,
  user_id: row.user,
  text: row.text ?? "",
  timestamp: row.ts,
  thread_timestamp: row.thread_ts,
  is_thread_reply: row.thread_ts !== undefined && row.thread_ts !== row.ts,
  created_at: new Date(Number(row.ts) * 1000).toISOString(),
});

async function* pagesOf<T, Name extends string>(
  nango: NangoBase,
  method: string,
  name: Name,
  params: Record<string, string | number | boolean>,
): AsyncGenerator<T[]> {
  let cursor = "";
  do {
    const { data } = await nango.get<Page<Name, T> & { ok: boolean; error?: string }>({
      endpoint: `/${method}`,
      params: { ...params, ...(cursor !== "" && { cursor }) },
      retries: 3,
    });
    // Slack answers 200 to what it refuses.
    if (!data.ok) throw new Error(`Slack refused ${method}: ${data.error}`);
    yield data[name];
    cursor = data.response_metadata?.next_cursor ?? "";
  } while (cursor !== "");
}

/** The channels that the app is in, by id. */
const listChannels = async (nango: NangoBase): Promise<Channel[]> => {
  const params = { types: "public_channel,private_channel", exclude_archived: true, limit: 100 };
  const channels: Channel[] = [];
  for await (const page of pagesOf<Channel, "channels">(nango, "conversations.list", "channels", params)) {
    channels.push(...page.filter(({ is_member }) => is_member));
  }
  return channels.sort((a, b) => (a.id < b.id ? -1 : 1));
};

export default createSync({
  description:
    "Messages of the Slack channels that the app is in: new ones of one channel each time, of one channel after another. " +
    "Of a channel joined later, those said since. Changed and deleted messages stay as they were.",
  version: "1.0.0",
  frequency: "every 2 minutes",
  autoStart: true,
  scopes: ["channels:read", "groups:read", "channels:history", "groups:history"],
  checkpoint: Checkpoint,
  models: { Message },
  exec: async (nango) => {
    const saved = await nango.getCheckpoint();
    const channels = await listChannels(nango);
    const next = saved === null ? undefined : channels.find(({ id }) => id > saved.channel);
    const channel = next ?? channels[0];
    if (channel === undefined) return;
    const isGoingOn = saved !== null && next !== undefined;
    const oldest = (isGoingOn ? saved.oldest : saved?.started_at) ?? "0";
    const started_at = isGoingOn ? saved.started_at : String(Math.floor(Date.now() / 1000) - MARGIN_SECONDS);
    const params = { channel: channel.id, oldest, limit: 100 };
    for await (const page of pagesOf<Row, "messages">(nango, "conversations.history", "messages", params)) {
      const said = page.filter(({ subtype }) => SAID.has(subtype));
      await nango.batchSave(
        said.map((row) => toMessage(channel, row)),
        "Message",
      );
    }
    await nango.saveCheckpoint({ channel: channel.id, oldest, started_at });
  },
});
