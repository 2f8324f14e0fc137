// The addresses of a provider's entry, filled with what an end user typed. The integration's secret is sent to the token
// endpoint: a subdomain of "evil.example/" must not make `https://${…}.provider.com` an address of somebody else.
import { AppError } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";
import { fillTemplate, readPath } from "../../providers/template.ts";

type Config = Record<string, unknown>;

const PLACEHOLDER = /\$\{[^{}]*\}/g;
const NAMES = /connectionConfig\.([\w.-]+)/g;
const AUTHORITY = /^(https?:\/\/)?([^/?#]*)/i;

const LABELS = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i;
const HOST = /^[^\s\\?#@]+$/;
const PATH = /^[^\s\\?#]+$/;

const isSafe = (value: string, place: "whole" | "host" | "label" | "path" | "query"): boolean => {
  if (/\p{Cc}/u.test(value)) return false;
  switch (place) {
    case "whole":
      return /^https?:\/\//i.test(value) && HOST.test(value);
    case "host":
      return HOST.test(value);
    case "label":
      return LABELS.test(value);
    case "path":
      return PATH.test(value) && !value.split("/").includes("..");
    case "query":
      return !/[\s&#=]/.test(value);
  }
};

const placeOf = (alternative: string, at: number, placeholder: string): Parameters<typeof isSafe>[1] => {
  if (at === 0) return "whole";
  const [before, , authority = ""] = AUTHORITY.exec(alternative) ?? [""];
  if (at < (before?.length ?? 0)) return authority === placeholder ? "host" : "label";
  return alternative.slice(0, at).includes("?") ? "query" : "path";
};

/** Throws `invalid_connection_config` for a value of the config that would lead this address astray. */
export const checkAddress = (template: string, config: Config): void => {
  // Alternatives between whole addresses; those inside a placeholder stand at the same place.
  for (const alternative of template.split(/\|\|(?![^{]*\})/).map((part) => part.trim())) {
    for (const { 0: placeholder, index } of alternative.matchAll(PLACEHOLDER)) {
      const place = placeOf(alternative, index, placeholder);
      for (const [, name = ""] of placeholder.matchAll(NAMES)) {
        const value = readPath(config, name);
        if (value === undefined || value === null || isSafe(String(value), place)) continue;
        throw new AppError("invalid_connection_config", `The value of ${name} makes no address of the provider.`);
      }
    }
  }
};

/** Every address of the entry that tokens or secrets are sent to. */
export const checkAddresses = (provider: Provider, config: Config): void => {
  const { authorization_url, token_url, refresh_url, request_url, registration_url, proxy } = provider;
  const tokenUrls = typeof token_url === "object" ? Object.values(token_url) : [token_url];
  for (const template of [authorization_url, refresh_url, request_url, registration_url, proxy?.base_url, ...tokenUrls])
    if (template !== undefined) checkAddress(template, config);
};

/** The address; throws `invalid_connection_config` when a part of it is missing or leads astray. */
export const fillAddress = (template: string, config: Config): URL => {
  checkAddress(template, config);
  const { text, missing } = fillTemplate(template, {
    credentials: { type: "NONE" },
    connectionConfig: config,
    metadata: {},
  });
  if (missing.length > 0) {
    const names = missing.map((name) => name.replace(/^connectionConfig\./, ""));
    throw new AppError("invalid_connection_config", `The provider cannot be reached without ${names.join(", ")}.`);
  }
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "")
    throw new AppError("invalid_connection_config", "What was filled in makes no address of the provider.");
  return url;
};
