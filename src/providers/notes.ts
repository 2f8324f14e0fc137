// What an entry asks for that is not done here: said beside it, never hidden.
import { isPattern } from "./entry/field.ts";
import { Provider } from "./schema.ts";
import { isVariable } from "./template.ts";
import { FUNCTIONS } from "./template-functions.ts";
import { readTemplate, splitOutside } from "./template-syntax.ts";
import { ruleOf } from "./webhook/rules.ts";

const KNOWN = new Set([...Object.keys(Provider.shape), "name", "alias"]);

// What the ways of getting a token pass beside the connection's own fields, by the fields of an entry that may use them.
const PASSED = /^(token|refresh_token|random|step\d+\..+|assertionOption\..+)$/;
const BY_TOKEN_REQUESTS = /^(token|refresh|additional_steps|assertion|signature|authorization|registration|request_)/;

const unfilled = (text: string, isPassed: boolean): string[] =>
  splitOutside(text, "||").flatMap((whole) =>
    readTemplate(whole).flatMap((part) => {
      if (typeof part === "string") return [];
      return part.alternatives.flatMap((one, at) => {
        if ("name" in one) {
          const isKnown = isVariable(one.name) || (isPassed && PASSED.test(one.name)) || at > 0;
          return isKnown ? [] : [one.name];
        }
        const isKnown = Object.hasOwn(FUNCTIONS, one.call);
        return isKnown ? unfilled(one.argument, isPassed) : [`${one.call}()`];
      });
    }),
  );

/** The names in the templates of an entry that nothing here has a value for, with the fields they stand in. */
export const unfilledNames = (entry: Provider): { path: string; name: string }[] => {
  const walk = (value: unknown, path: string, isPassed: boolean): { path: string; name: string }[] => {
    if (typeof value === "string") return unfilled(value, isPassed).map((name) => ({ path, name }));
    if (typeof value !== "object" || value === null) return [];
    return Object.entries(value).flatMap(([key, inner]) => walk(inner, `${path}.${key}`, isPassed));
  };
  return Object.entries(entry)
    .filter(([key]) => key === "proxy" || BY_TOKEN_REQUESTS.test(key))
    .flatMap(([key, value]) => walk(value, key, key !== "proxy"))
    .filter(({ name }) => !Object.hasOwn(entry.connection_config ?? {}, name));
};

const scriptNotes = (provider: Provider): string[] => {
  const { post_connection_script: after, credentials_verification_script: test } = provider;
  const isTested = provider.proxy?.verification !== undefined;
  return [
    after !== undefined && provider.after_connecting === undefined
      ? `${after} does not run here: what it would write into a connection's config must be given`
      : null,
    test !== undefined
      ? `${test} does not run here: credentials are ${isTested ? "tested by proxy.verification alone" : "not tested"}`
      : null,
    provider.pre_connection_deletion_script !== undefined
      ? `${provider.pre_connection_deletion_script} does not run here: nothing is revoked at the provider when a connection is deleted`
      : null,
    provider.webhook_routing_script !== undefined && ruleOf(provider) === undefined
      ? `${provider.webhook_routing_script} does not run here, and there is no rule for its webhooks: they are not handled`
      : null,
  ].filter((note) => note !== null);
};

const patternNotes = (raw: Record<string, unknown>): string[] =>
  ["connection_config", "credentials", "integration_config"].flatMap((group) =>
    Object.entries((raw[group] ?? {}) as Record<string, { pattern?: string }>)
      .filter(([, { pattern }]) => pattern !== undefined && !isPattern(pattern))
      .map(([name]) => `${group}.${name}.pattern is no regular expression: it is not checked`),
  );

/** What of `provider`, read from `raw`, is not done here; in sentences. */
export const notesOf = (provider: Provider, raw: Record<string, unknown>): string[] => {
  const unknown = Object.keys(raw).filter((key) => !KNOWN.has(key));
  const names = Map.groupBy(unfilledNames(provider), ({ name }) => name);
  return [
    ...scriptNotes(provider),
    ...[...names].map(([name, places]) => `${places[0]!.path}: nothing here fills ${name.replace(/\n/g, " ")}`),
    ...(provider.proxy?.body === undefined ? [] : ["proxy.body is not added to requests: a function has to send it"]),
    ...(provider.integration_config?.keyPlacement === undefined
      ? []
      : ["keyPlacement and its like are not applied to requests: a function has to send the key"]),
    ...(["INSTALL_PLUGIN", "APP_STORE"].includes(provider.auth_mode)
      ? [`connections of kind ${provider.auth_mode} cannot be made in the browser: import them`]
      : []),
    ...patternNotes(raw),
    ...(unknown.length === 0 ? [] : [`not known here, and without effect: ${unknown.join(", ")}`]),
  ];
};
