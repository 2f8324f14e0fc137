// `syncline webhooks`, `webhooks set`, `webhooks secret`: where the environment's webhooks go, which are sent, and their key.
import { type Command, InvalidArgumentError } from "commander";
import { readConfig } from "../../config.ts";
import { AppError } from "../../errors.ts";
import { createApi } from "../api.ts";
import { formatTable } from "../table.ts";

type Settings = { primary_url: string | null; secondary_url: string | null; [toggle: `on_${string}`]: boolean };
type Json = { json?: true };

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

const api = () => {
  const { serverUrl: url, serverKey: key } = readConfig();
  return createApi({ url, key });
};

const yesOrNo = (text: string): boolean => {
  if (text === "true" || text === "false") return text === "true";
  throw new InvalidArgumentError("It must be true or false.");
};

const print = (data: Settings, { json }: Json): void => {
  if (json) console.log(JSON.stringify({ settings: data }));
  else
    console.log(
      formatTable(
        ["setting", "value"],
        Object.entries(data).map(([name, value]) => [name, value ?? "(none)"]),
      ),
    );
};

export const showWebhooks = async (options: Json): Promise<void> => {
  print((await api().get<{ data: Settings }>("/environment/webhooks")).data, options);
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
  const { data } = await api().patch<{ data: Settings }>("/environment/webhooks", changes);
  print(data, { ...(json && { json }) });
};

const secret = async ({ json }: Json): Promise<void> => {
  const { data } = await api().get<{ data: { webhook_signing_key: string } }>("/environment/signing-key");
  console.log(json ? JSON.stringify(data) : data.webhook_signing_key);
};

export const addWebhookSettingsCommands = (webhooks: Command): void => {
  const setting = webhooks
    .command("set")
    .description("change where webhooks go and which are sent; what is not named stays")
    .option("--primary <url>", 'where all go; "" for nowhere')
    .option("--secondary <url>", 'where all go too; "" for nowhere');
  for (const name of Object.values(TOGGLES))
    setting.option(`--${name.replaceAll("_", "-")} <true|false>`, `send these: ${name}`, yesOrNo);
  setting.option("--json", "print JSON").action(set);
  webhooks
    .command("secret")
    .description("the key that receivers check signatures with")
    .option("--json", "print JSON")
    .action(secret);
};
