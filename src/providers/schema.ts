// What a catalogue entry is, in the vocabulary of the published catalogue format.
// Known fields are checked so that a mistake is named; unknown fields pass through untouched, for catalogues newer than this file.
import { z } from "zod";
import { AfterConnecting } from "./entry/after-connecting.ts";
import { Authorization } from "./entry/authorization.ts";
import { address } from "./entry/basics.ts";
import { Fields } from "./entry/field.ts";
import { type Paginate, ProxyDefaults, type Retry } from "./entry/proxy.ts";
import { TokenEndpoint } from "./entry/token.ts";
import { WebhookRule } from "./webhook/rule.ts";
import { sharedRules } from "./webhook/rules.ts";

const AUTH_MODES = [
  "API_KEY",
  "APP",
  "APP_STORE",
  "AWS_SIGV4",
  "BASIC",
  "BILL",
  "CUSTOM",
  "INSTALL_PLUGIN",
  "JWT",
  "MCP_OAUTH2",
  "MCP_OAUTH2_GENERIC",
  "NONE",
  "OAUTH1",
  "OAUTH2",
  "OAUTH2_CC",
  "SIGNATURE",
  "TBA",
  "TWO_STEP",
] as const;

/** How its webhooks are judged: a rule, or the name of a shared one. Kept as written; `ruleOf` gives the rule. */
const Webhook = z
  .union([z.string(), z.record(z.string(), z.unknown())], { error: "must be a rule or the name of one" })
  .superRefine((webhook, context) => {
    if (typeof webhook === "string") {
      if (!sharedRules().has(webhook)) context.addIssue({ code: "custom", message: `there is no rule ${webhook}` });
      return;
    }
    const { error } = WebhookRule.safeParse(webhook);
    for (const { path, message } of error?.issues ?? []) context.addIssue({ code: "custom", path: [...path], message });
  });

/** Names of scripts that run on the published server only: `notesOf` says what that means for an entry. */
const Scripts = {
  post_connection_script: z.string().optional(),
  pre_connection_deletion_script: z.string().optional(),
  credentials_verification_script: z.string().optional(),
  webhook_routing_script: z.string().optional(),
} as const;

/** A catalogue entry. Texts in `proxy` and the URLs may hold `${…}` templates, filled per connection by `template.ts`. */
export const Provider = z.looseObject({
  display_name: z.string().min(1),
  auth_mode: z.enum(AUTH_MODES),
  categories: z.array(z.string()).optional(),
  docs: address.optional(),
  docs_connect: address.optional(),
  setup_guide_url: address.optional(),
  proxy: ProxyDefaults.optional(),
  ...Authorization,
  ...TokenEndpoint,
  ...Scripts,
  connection_config: Fields.optional(),
  credentials: Fields.optional(),
  integration_config: Fields.optional(),
  assertion_option: Fields.optional(),
  /** Names that a connection's config has after connecting, where no form asks for them. */
  connection_configuration: z.array(z.string()).optional(),
  webhook_user_defined_secret: z.boolean().optional(),
  webhook_allowed_query_params: z.array(z.string()).optional(),
  webhook: Webhook.optional(),
  after_connecting: AfterConnecting.optional(),
});

export type Provider = z.infer<typeof Provider>;
export type ProviderRetry = z.infer<typeof Retry>;
export type ProviderPaginate = z.infer<typeof Paginate>;
