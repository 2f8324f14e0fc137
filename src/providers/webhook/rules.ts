// The rule of a catalogue entry: its own, or one of the shared ones in rules/.
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { WebhookRule } from "./rule.ts";

const RULES = path.join(import.meta.dirname, "rules");

const readShared = (): Map<string, WebhookRule> => {
  const files = readdirSync(RULES).filter((file) => file.endsWith(".json"));
  return new Map(
    files.map((file) => [
      path.basename(file, ".json"),
      WebhookRule.parse(JSON.parse(readFileSync(path.join(RULES, file), "utf8"))),
    ]),
  );
};

let shared: Map<string, WebhookRule> | undefined;
/** The shared rules by name, read once. */
export const sharedRules = (): Map<string, WebhookRule> => {
  shared ??= readShared();
  return shared;
};

const bare = (name: string): string => name.toLowerCase().replace(/webhookrouting$|[^a-z0-9]/g, "");

// Scripts of the published catalogue whose rule has another name here.
const OTHER_NAMES: Record<string, string> = {
  githubappoauth: "github-app",
  gitlabpat: "gitlab",
  calcomv2: "cal-com",
  calcomoauth: "cal-com",
  sentryoauth: "sentry",
  connectwise: "connectwise-psa",
  checkr: "checkr-partner",
  gmail: "google-mail",
  googlecalendar: "google",
  googledrive: "google",
  microsoftoauth2cc: "microsoft",
  microsoftteamsbot: "microsoft-teams",
  shipstationv2: "shipstation",
  stripeapp: "stripe",
};

let byBareName: Map<string, WebhookRule> | undefined;
/** Entries of the published catalogue name a script, like slackWebhookRouting; ours is called slack. */
const byScript = (script: unknown): WebhookRule | undefined => {
  if (typeof script !== "string") return undefined;
  byBareName ??= new Map([...sharedRules()].map(([name, rule]) => [bare(name), rule]));
  const name = bare(script);
  return byBareName.get(bare(OTHER_NAMES[name] ?? name));
};

const own = new WeakMap<object, WebhookRule>();
const parsed = (webhook: object): WebhookRule => {
  const rule = own.get(webhook) ?? WebhookRule.parse(webhook);
  own.set(webhook, rule);
  return rule;
};

/** How an entry's webhooks are judged; nothing for a provider that sends none, or none that is known here. */
export const ruleOf = ({
  webhook,
  webhook_routing_script,
}: {
  webhook?: unknown;
  webhook_routing_script?: unknown;
}) => {
  if (typeof webhook === "string") return sharedRules().get(webhook);
  return typeof webhook === "object" && webhook !== null ? parsed(webhook) : byScript(webhook_routing_script);
};
