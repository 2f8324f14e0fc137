// The connection's config as an end user begins with it: what the browser brought, held against the fields of the entry.
import { AppError } from "../../errors.ts";
import { hasForm } from "../../providers/entry/field.ts";
import type { Provider } from "../../providers/schema.ts";
import { ruleOf } from "../../providers/webhook/rules.ts";
import { checkAddresses } from "./address.ts";

type Config = Record<string, unknown>;

// These are the app's to set, or ours: what decides scopes, where webhooks go, and what a provider told us.
const NOT_FROM_BROWSERS = new Set([
  "oauth_scopes_override",
  "webhook_url",
  "installation_id",
  "appPublicLink",
  "userCredentials",
  "jwtToken",
  "token_endpoint",
  "token_endpoint_auth_method",
  "resource",
]);

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== "";

/** What the provider says of a connection, and what its webhooks are told apart by: it must not be claimed. */
const namesToldBy = (provider: Provider): string[] => {
  const { after_connecting: asked = [], refresh_token_response_metadata: refreshed } = provider;
  const lookups = ruleOf(provider)?.lookups.map(({ by }) => by) ?? [];
  return [
    ...(provider.redirect_uri_metadata ?? []),
    ...(provider.token_response_metadata ?? []),
    ...(Array.isArray(refreshed) ? refreshed : []),
    ...(provider.webhook_response_metadata ?? []),
    ...(provider.connection_configuration ?? []),
    ...asked.flatMap(({ keep }) => Object.keys(keep)),
    ...lookups.filter((by) => by.startsWith("config.")).map((by) => by.slice("config.".length)),
  ];
};

/** Of what a browser sent, what it may say: fields that the entry asks for, and others that nobody else has a word on. */
export const saidByBrowser = (provider: Provider, params: Record<string, string>): Record<string, string> => {
  const fields = provider.connection_config ?? {};
  const told = new Set(namesToldBy(provider));
  const isOurs = (name: string): boolean =>
    Object.hasOwn(fields, name) ? fields[name]?.automated === true : told.has(name);
  return Object.fromEntries(Object.entries(params).filter(([name]) => !NOT_FROM_BROWSERS.has(name) && !isOurs(name)));
};

/**
 * `params` come from the browser, `set` from the app, `known` from the connection that is renewed; the later wins.
 * Throws `invalid_connection_config` for a field that is missing, has not the form the entry wants, or leads astray.
 */
export const startingConfig = (
  provider: Provider,
  {
    known = {},
    params,
    set = {},
  }: { known?: Config | undefined; params: Record<string, string>; set?: Config | undefined },
): Config => {
  const fields = Object.entries(provider.connection_config ?? {});
  const kept = Object.entries(saidByBrowser(provider, params)).filter(([, value]) => isGiven(value));
  const defaults = fields.flatMap(([name, { default_value }]) =>
    isGiven(default_value) ? [[name, default_value]] : [],
  );
  const config: Config = { ...Object.fromEntries(defaults), ...known, ...Object.fromEntries(kept), ...set };
  for (const [name, field] of fields) {
    const { title = name, optional, automated, enum: choices } = field;
    const value = config[name];
    if (automated) continue;
    if (!isGiven(value)) {
      if (optional) continue;
      throw new AppError("invalid_connection_config", `${title} is missing: params[${name}].`);
    }
    if (choices !== undefined && !choices.includes(String(value)))
      throw new AppError("invalid_connection_config", `${title} must be one of ${choices.join(", ")}.`);
    if (!hasForm(field, String(value)))
      throw new AppError("invalid_connection_config", `${title} has not the form that it must have.`);
  }
  checkAddresses(provider, config);
  return config;
};
