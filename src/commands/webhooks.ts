// `syncline webhooks`: what goes to the app and what comes from providers; one line here per part.
import type { Command } from "commander";
import { addInboxCommands } from "./webhooks/inbox.ts";
import { addWebhookSettingsCommands, showWebhooks } from "./webhooks/settings.ts";

type Options = { json?: true };

const EXAMPLES = `
Examples:
  syncline webhooks                            settings at a glance
  syncline webhooks set --primary https://app.example/hooks --on-sync-completion-always false
  syncline webhooks secret                     the key that receivers check signatures with
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
  addInboxCommands(webhooks);
};
