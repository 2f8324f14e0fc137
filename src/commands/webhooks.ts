// `syncline webhooks`: what goes to the app and what comes from providers; one line here per part.
import type { Command } from "commander";
import { addWebhookEndpointCommands } from "./webhooks/endpoints.ts";
import { addInboxCommands } from "./webhooks/inbox.ts";
import { addWebhookListCommands } from "./webhooks/list.ts";
import { addWebhookSettingsCommands, showWebhooks } from "./webhooks/settings.ts";

type Options = { json?: true };

const EXAMPLES = `
Examples:
  syncline webhooks                            settings, and how the URLs are doing
  syncline webhooks set --primary https://app.example/hooks --on-sync-completion-always false
  syncline webhooks test                       is there a receiver, and does it accept our signature?
  syncline webhooks list --state dead          what was given up
  syncline webhooks replay --state dead --since 1h
  syncline webhooks pause https://app.example/hooks
  syncline webhooks inbox --unmatched --since 1h
  syncline webhooks event <uid>                what became of a provider's webhook, and why
  syncline webhooks replay-events --from 2h --until 1h --only failed`;

const run = async (name: string | undefined, options: Options, command: Command): Promise<void> => {
  if (name !== undefined) command.error(`error: There is no "webhooks ${name}". See: syncline webhooks --help`);
  await showWebhooks(options);
};

export const addWebhooksCommand = (program: Command): void => {
  const webhooks = program
    .command("webhooks")
    .description("webhooks to the app and from providers: settings, and what became of them")
    .usage("[options] [command]")
    .enablePositionalOptions()
    .argument("[command]")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLES)
    .action(run);
  addWebhookSettingsCommands(webhooks);
  addWebhookListCommands(webhooks);
  addWebhookEndpointCommands(webhooks);
  addInboxCommands(webhooks);
};
