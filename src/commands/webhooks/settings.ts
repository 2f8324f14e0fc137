// `syncline webhooks`, `webhooks set`, `secret`, `test`: where the environment's webhooks go, which are sent, and their key.
import { type Command, InvalidArgumentError } from "commander";
import { AppError } from "../../errors.ts";
import { serverApi } from "../server-api.ts";
import { formatTable } from "../table.ts";
import { fetchEndpoints, tableOf } from "./endpoints.ts";

type Settings = { primary_url: string | null; secondary_url: string | null; [toggle: `on_${string}`]: boolean };
type Json = { json?: true };

/** When each is sent, as the help says it. */
const SENT = {
  on_sync_error: "when a sync fails",
  on_sync_completion_always: "after each run of a sync, also one without a change",
  on_auth_creation: "when a connection is made, or could not be",
  on_auth_refresh_error: "when credentials cannot be renewed",
  on_connection_deletion: "when a connection is deleted",
  on_async_action_completion: "when an asynchronous action has ended",
} as const;

// By the option that sets it.
const TOGGLES = {
  onSyncError: "on_sync_error",
  onSyncCompletionAlways: "on_sync_completion_always",
  onAuthCreation: "on_auth_creation",
  onAuthRefreshError: "on_auth_refresh_error",
  onConnectionDeletion: "on_connection_deletion",
  onAsyncActionCompletion: "on_async_action_completion",
} as const;

type Changes = Json & { primary?: string; secondary?: string } & { [option in keyof typeof TOGGLES]?: boolean };

const yesOrNo = (text: string): boolean => {
  if (text === "true" || text === "false") return text === "true";
  throw new InvalidArgumentError("It must be true or false.");
};

const tableOfSettings = (data: Settings): string =>
  formatTable(
    ["setting", "value"],
    Object.entries(data).map(([name, value]) => [name, value ?? "(none)"]),
  );

export const showWebhooks = async ({ json }: Json): Promise<void> => {
  const { data } = await serverApi().get<{ data: Settings }>("/environment/webhooks");
  const endpoints = await fetchEndpoints();
  if (json) console.log(JSON.stringify({ settings: data, endpoints }));
  else console.log([tableOfSettings(data), ...(endpoints.length === 0 ? [] : [tableOf(endpoints)])].join("\n\n"));
};

const set = async ({ json, primary, secondary, ...toggles }: Changes): Promise<void> => {
  const changes = {
    ...(primary !== undefined && { primary_url: primary }),
    ...(secondary !== undefined && { secondary_url: secondary }),
    ...Object.fromEntries(
      Object.entries(toggles).map(([name, value]) => [TOGGLES[name as keyof typeof TOGGLES], value]),
    ),
  };
  if (Object.keys(changes).length === 0)
    throw new AppError("invalid_body", "Say what to set. See: syncline webhooks set --help");
  const { data } = await serverApi().patch<{ data: Settings }>("/environment/webhooks", changes);
  console.log(json ? JSON.stringify(data) : tableOfSettings(data));
};

type Key = { webhook_signing_key: string; standard_webhooks_secret: string };

const secret = async ({ json }: Json): Promise<void> => {
  const { data } = await serverApi().get<{ data: Key }>("/environment/signing-key");
  if (json) return console.log(JSON.stringify(data));
  console.log(`${data.webhook_signing_key}\n${data.standard_webhooks_secret}`);
};

type Tested = { url: string; status: number | null; ms: number; error: string | null };

const sendTest = async ({ json }: Json): Promise<void> => {
  const { data } = await serverApi().post<{ data: Tested[] }>("/environment/webhooks/test", {});
  if (json) console.log(JSON.stringify({ tested: data }));
  else if (data.length === 0) console.log("No URL is set: syncline webhooks set --primary <url>");
  else for (const { url, status, error, ms } of data) console.log(`${status ?? error}  ${ms} ms  ${url}`);
  if (data.some(({ status }) => status === null || status < 200 || status > 299)) process.exitCode = 1;
};

export const addWebhookSettingsCommands = (webhooks: Command): void => {
  const setting = webhooks
    .command("set")
    .description("change where webhooks go and which are sent; what is not named stays")
    .option("--primary <url>", 'where all go; "" for nowhere')
    .option("--secondary <url>", 'where all go too; "" for nowhere');
  for (const name of Object.values(TOGGLES))
    setting.option(`--${name.replaceAll("_", "-")} <true|false>`, `send one ${SENT[name]}`, yesOrNo);
  setting.option("--json", "print JSON").action(set);
  webhooks
    .command("secret")
    .description(
      "the key that receivers check signatures with, and the same as libraries of standardwebhooks.com take it",
    )
    .option("--json", "print JSON")
    .action(secret);
  webhooks
    .command("test")
    .description("send a signed test to each URL now; exit code 1 when one does not take it")
    .option("--json", "print JSON")
    .action(sendTest);
};
