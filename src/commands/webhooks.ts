// `syncline webhooks`: what goes to the app and what comes from providers; one line here per part.
import type { Command } from "commander";
import { addGroup } from "./group.ts";
import { addWebhookEndpointCommands } from "./webhooks/endpoints.ts";
import { addInboxCommands } from "./webhooks/inbox.ts";
import { addWebhookListCommands } from "./webhooks/list.ts";
import { addWebhookSettingsCommands, showWebhooks } from "./webhooks/settings.ts";

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

export const addWebhooksCommand = (program: Command): void => {
  const webhooks = addGroup(program, {
    name: "webhooks",
    says: "webhooks to the app and from providers: settings, and what became of them",
    examples: EXAMPLES,
    show: showWebhooks,
  });
  addWebhookSettingsCommands(webhooks);
  addWebhookListCommands(webhooks);
  addWebhookEndpointCommands(webhooks);
  addInboxCommands(webhooks);
};
