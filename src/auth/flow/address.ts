// The addresses of a provider's entry, filled with what an end user typed. The integration's secret is sent to the token
// endpoint: a subdomain of "evil.example/" must not make `https://${…}.provider.com` an address of somebody else.
import { AppError } from "../../errors.ts";
import type { Provider } from "../../providers/schema.ts";
import { fillTemplate, readPath } from "../../providers/template.ts";

type Config = Record<string, unknown>;

type Fields = NonNullable<Provider["connection_config"]>;
type Place = "whole" | "host" | "label" | "end" | "path" | "query";

const PLACEHOLDER = /\$\{[^{}]*\}/g;
// A bare name is one of the config, too.
const NAMES = /\w[\w.-]*/g;
const OF_OTHERS = /^(credentials|metadata|integrationConfig)\./;
const AUTHORITY = /^(https?:\/\/)?([^/?#]*)/i;

const LABELS = /^[a-z0-9]([a-z0-9._-]*[a-z0-9])?$/i;
// Behind `https://api.provider.` a name such as evil.example would make an address of somebody else.
const END = /^([a-z]{2,6}|(com|co)\.[a-z]{2}|\d{1,5})$/i;
const HOST = /^[^\s\\?#@]+$/;
const PATH = /^[^\s\\?#]+$/;

const isSafe = (value: string, place: Place): boolean => {
  if (/\p{Cc}/u.test(value)) return false;
  switch (place) {
    case "end":
      return END.test(value);
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

const placeOf = (alternative: string, at: number, placeholder: string): Place => {
  if (at === 0) return "whole";
  const [before, scheme = "", authority = ""] = AUTHORITY.exec(alternative) ?? [""];
  if (at >= (before?.length ?? 0)) return alternative.slice(0, at).includes("?") ? "query" : "path";
  if (authority === placeholder) return "host";
  const rest = authority.slice(at - scheme.length + placeholder.length).replace(PLACEHOLDER, "");
  return at > scheme.length && !rest.includes(".") ? "end" : "label";
};

type Value = { name: string; value: string; place: Place };

/** The values of the config in an address, and where in it. */
const valuesIn = (template: string, config: Config): Value[] => {
  // Alternatives between whole addresses; those inside a placeholder stand at the same place.
  const alternatives = template.split(/\|\|(?![^{]*\})/).map((part) => part.trim());
  return alternatives.flatMap((alternative) =>
    [...alternative.matchAll(PLACEHOLDER)].flatMap(({ 0: placeholder, index }) => {
      const place = placeOf(alternative, index, placeholder);
      const names = [...placeholder.matchAll(NAMES)].map(([text]) => text).filter((text) => !OF_OTHERS.test(text));
      return names.flatMap((text) => {
        const name = text.replace(/^connectionConfig\./, "");
        const value = readPath(config, name) ?? undefined;
        return value === undefined ? [] : [{ name, value: String(value), place }];
      });
    }),
  );
};

const astray = (name: string): AppError =>
  new AppError("invalid_connection_config", `The value of ${name} makes no address of the provider.`);

/** How strict: `fields` are those of the entry, whose choices are good everywhere; to `isOpen` ones no client's secret is sent. */
type How = { fields?: Fields | undefined; isOpen?: boolean };

/** Throws `invalid_connection_config` for a value of the config that would lead this address astray. */
export const checkAddress = (template: string, config: Config, { fields = {}, isOpen = false }: How = {}): void => {
  for (const { name, value, place } of valuesIn(template, config)) {
    if (fields[name]?.enum?.includes(value)) continue;
    if (!isSafe(value, place === "end" && isOpen ? "label" : place)) throw astray(name);
  }
};

/** The addresses of the entry that the client's secret is sent to. */
const secretAddresses = ({ token_url, refresh_url, request_url, registration_url, ...rest }: Provider): string[] => {
  const tokenUrls = typeof token_url === "object" ? Object.values(token_url) : [token_url];
  const steps = (rest.additional_steps ?? []).map((step) => step.token_url);
  return [...tokenUrls, refresh_url, request_url, registration_url, ...steps].filter((one) => one !== undefined);
};

/** Every address of the entry that people, tokens or secrets are sent to. */
export const checkAddresses = (provider: Provider, config: Config): void => {
  const { authorization_url, proxy, connection_config: fields } = provider;
  const addresses = secretAddresses(provider);
  for (const template of authorization_url === undefined ? addresses : [authorization_url, ...addresses])
    checkAddress(template, config, { fields });
  if (proxy?.base_url !== undefined) checkAddress(proxy.base_url, config, { fields, isOpen: true });
};

// Providers with several data centres have one name in several countries.
const COUNTRY = /\.(com|[a-z]{2}|(com|co)\.[a-z]{2})$/i;

const isOfSameProvider = (told: URL | null, asked: URL): boolean =>
  told !== null &&
  [told.protocol, told.port, told.hostname.replace(COUNTRY, "")].join() ===
    [asked.protocol, asked.port, asked.hostname.replace(COUNTRY, "")].join();

/**
 * Throws `invalid_connection_config` where the query of a callback, which a browser can write, names another host for secrets
 * than that of the provider where people were sent: its own ones differ in the country.
 */
export const checkTold = (provider: Provider, config: Config, told: Config): void => {
  const { authorization_url, connection_config: fields } = provider;
  for (const { name, value, place } of secretAddresses(provider).flatMap((template) => valuesIn(template, told))) {
    if ((place !== "whole" && place !== "host") || fields?.[name]?.enum?.includes(value)) continue;
    const url = URL.parse(place === "whole" ? value : `https://${value}`);
    const asked = authorization_url === undefined ? undefined : fillAddress(authorization_url, config);
    if (asked === undefined || !isOfSameProvider(url, asked)) throw astray(name);
  }
};

/** The address of a config that `checkAddresses` let in; throws `invalid_connection_config` when a part of it is missing or leads astray. */
export const fillAddress = (template: string, config: Config): URL => {
  checkAddress(template, config, { isOpen: true });
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
