// The connection's config as an end user begins with it: what the browser brought, held against the fields of the entry.
import { AppError } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";
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
  const kept = Object.entries(params).filter(([name, value]) => !NOT_FROM_BROWSERS.has(name) && isGiven(value));
  const defaults = fields.flatMap(([name, { default_value }]) =>
    isGiven(default_value) ? [[name, default_value]] : [],
  );
  const config: Config = { ...Object.fromEntries(defaults), ...known, ...Object.fromEntries(kept), ...set };
  for (const [name, { title = name, optional, automated, pattern }] of fields) {
    const value = config[name];
    if (!isGiven(value)) {
      if (optional || automated) continue;
      throw new AppError("invalid_connection_config", `${title} is missing: params[${name}].`);
    }
    if (pattern !== undefined && !new RegExp(pattern).test(String(value)))
      throw new AppError("invalid_connection_config", `${title} has not the form that it must have.`);
  }
  checkAddresses(provider, config);
  return config;
};
