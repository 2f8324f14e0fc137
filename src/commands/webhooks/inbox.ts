// `syncline webhooks inbox`, `event`, `replay-event`, `replay-events`, `attribute`, `judge`: what providers sent, and doing it again.
import { type Command, Option } from "commander";
import { serverApi } from "../server-api.ts";
import { formatTable } from "../table.ts";
import { wholeNumber } from "../whole-number.ts";
import { counted } from "../words.ts";
import { when } from "./when.ts";

type Row = {
  id: string;
  received_at: string;
  provider_config_key: string;
  verdict: string;
  reason: string | null;
  state: string;
  events: string[];
  connections: string[];
};
type Reason = { reason: string; detail: string; remedy: string | null };
type Event = Omit<Row, "connections"> & { why: Reason[]; request: { encoding: string; body: string } | null };

type InboxOptions = {
  unmatched?: true;
  refused?: true;
  failed?: true;
  waiting?: true;
  integration?: string;
  connection?: string;
  event?: string;
  since?: string;
  limit: number;
  json?: true;
};
type HourOptions = {
  from: string;
  until: string;
  integration?: string;
  connection?: string;
  only?: string;
  target?: string;
  dryRun?: true;
  json?: true;
};
type Json = { json?: true };

const BODY_SHOWN = 2_000;

const print = (answer: object, { json }: Json, tell: () => string): void => {
  console.log(json ? JSON.stringify(answer) : tell());
};

const pathOf = (uid: string, rest = ""): string => `/events/${encodeURIComponent(uid)}${rest}`;

const whose = ({ state, reason, connections }: Row): string =>
  reason ?? (state === "waiting" ? "" : connections.join(", ") || "(no connection)");

const inbox = async (options: InboxOptions): Promise<void> => {
  const query = {
    matched: options.unmatched ? "false" : undefined,
    verdict: options.refused ? "refused" : undefined,
    failed: options.failed ? "true" : undefined,
    state: options.waiting ? "waiting" : undefined,
    provider_config_key: options.integration,
    connection_id: options.connection,
    event: options.event,
    from: options.since,
    limit: options.limit,
  };
  const answer = await serverApi().get<{ events: Row[]; next_cursor: string | null }>("/events", { query });
  const rows = answer.events.map((row) => [
    row.id,
    row.received_at.slice(0, 19),
    row.provider_config_key,
    row.state,
    row.events.join(", "),
    whose(row),
  ]);
  print(answer, options, () =>
    rows.length === 0
      ? "Nothing."
      : `${formatTable(["event", "received at", "integration", "state", "types", "connections"], rows)}${answer.next_cursor === null ? "" : "\n\nThere are older ones: --limit shows more."}`,
  );
};

const show = async (uid: string, options: Json): Promise<void> => {
  const event = await serverApi().get<Event>(pathOf(uid));
  const { request, why } = event;
  const reasons = why.flatMap(({ reason, detail, remedy }) => [
    `- ${reason}: ${detail}`,
    ...(remedy === null ? [] : [`  ${remedy}`]),
  ]);
  const text = request?.encoding === "utf8" ? request.body : "(no text: see --json)";
  const body = text.length > BODY_SHOWN ? `${text.slice(0, BODY_SHOWN)}… (all of it: --json)` : text;
  print(event, options, () =>
    [
      `${event.provider_config_key}: ${event.events.join(", ") || "(no type)"}, received ${event.received_at}, ${event.verdict}`,
      "",
      ...reasons,
      ...(request === null ? [] : ["", body]),
    ].join("\n"),
  );
};

const replayOne = async (uid: string, options: Json): Promise<void> => {
  const answer = await serverApi().post<{ replayed: boolean }>(pathOf(uid, "/replay"), {});
  print(answer, options, () => (answer.replayed ? "It is handled once more." : "It waits to be handled already."));
};

const replayHours = async ({ json, dryRun, integration, connection, ...hours }: HourOptions): Promise<void> => {
  const body = { ...hours, provider_config_key: integration, connection_id: connection, dry_run: dryRun ?? false };
  const answer = await serverApi().post<{ count: number }>("/events/replay", body);
  const events = counted(answer.count, "event");
  print(answer, { ...(json && { json }) }, () => `${events} ${dryRun ? "would be" : "will be"} handled once more.`);
};

const attribute = async (uid: string, connection: string, options: Json): Promise<void> => {
  const answer = await serverApi().post<{ attributed: boolean }>(pathOf(uid, "/attribute"), {
    connection_id: connection,
  });
  print(answer, options, () => (answer.attributed ? `It is for ${connection}.` : `It was for ${connection} already.`));
};

const judge = async (uid: string, options: Json): Promise<void> => {
  const answer = await serverApi().post<{ accepted: boolean; message: string | null }>(pathOf(uid, "/judge"), {});
  print(answer, options, () => (answer.accepted ? "It is accepted." : `It is refused again: ${answer.message}`));
};

/** Adds them to `syncline webhooks`. */
export const addInboxCommands = (webhooks: Command): void => {
  webhooks
    .command("inbox")
    .description("what providers sent, newest first")
    .addOption(new Option("--unmatched", "only what no connection was found for").conflicts(["refused", "waiting"]))
    .addOption(new Option("--refused", "only what was refused").conflicts(["failed", "waiting"]))
    .option("--failed", "only where a sync's call failed, or a forward was given up")
    .option("--waiting", "only what is not handled yet")
    .option("--integration <key>", "only of this integration")
    .option("--connection <id>", "only for this connection")
    .option("--event <type>", "only of this type")
    .option("--since <time>", "only since then: 2026-03-01T12:00Z, or 90m, 1h, 2d ago", when)
    .option("--limit <count>", "how many, up to 1000", wholeNumber(1, 1000), 50)
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  syncline webhooks inbox --unmatched --since 1h\n  syncline webhooks inbox --failed --integration github",
    )
    .action(inbox);
  webhooks
    .command("event <uid>")
    .description("one webhook of a provider: what became of it and why, and what it says")
    .option("--json", "print JSON")
    .action(show);
  webhooks
    .command("replay-event <uid>")
    .description("handle a webhook of a provider once more")
    .option("--json", "print JSON")
    .action(replayOne);
  webhooks
    .command("replay-events")
    .description("handle the webhooks of a time once more, in the order in which they came")
    .requiredOption("--from <time>", "from when: 2026-03-01T12:00Z, or 90m, 1h, 2d ago", when)
    .requiredOption("--until <time>", "until when", when)
    .option("--integration <key>", "only of this integration")
    .option("--connection <id>", "only for this connection")
    .addOption(new Option("--only <kind>", "only these").choices(["unmatched", "failed"]))
    .addOption(
      new Option("--target <what>", "only call syncs, or only tell the app").choices(["functions", "forwards"]),
    )
    .option("--dry-run", "only count them")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      "\nExamples:\n  syncline webhooks replay-events --from 2h --until 1h --dry-run\n  syncline webhooks replay-events --from 2026-03-01T12:00Z --until 2026-03-01T13:00Z --only failed --target functions",
    )
    .action(replayHours);
  webhooks
    .command("attribute <uid> <connection>")
    .description("say that a webhook of a provider is about a connection: its syncs are called, the app is told")
    .option("--json", "print JSON")
    .action(attribute);
  webhooks
    .command("judge <uid>")
    .description("check the signature of a refused webhook again, with the secrets of now")
    .option("--json", "print JSON")
    .action(judge);
};
