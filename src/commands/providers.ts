// `syncline providers`: the catalogue of this folder's settings; of one provider what a connection to it needs.
import type { Command } from "commander";
import { readConfig } from "../config.ts";
import { AppError } from "../errors.ts";
import { type Catalogue, loadCatalogue, searchCatalogue } from "../providers/catalogue.ts";
import type { ProviderField } from "../providers/entry/field.ts";
import type { Provider } from "../providers/schema.ts";
import { ruleOf } from "../providers/webhook/rules.ts";

const fieldLine = (group: string, name: string, field: ProviderField): string => {
  const facts = [
    field.optional === true ? "optional" : null,
    field.automated === true ? "found when connecting" : null,
    field.hidden === true ? "not asked for" : null,
    field.secret === true ? "secret" : null,
    field.enum === undefined ? null : `one of ${field.enum.join(", ")}`,
    field.example === undefined ? null : `like ${field.example}`,
  ].filter((fact) => fact !== null);
  const says = [field.title, field.description].filter((text) => text !== undefined && text !== "").join(": ");
  return `  ${group}.${name}  ${says}${facts.length > 0 ? ` (${facts.join("; ")})` : ""}`;
};

const fieldLines = (provider: Provider): string[] =>
  (["integration_config", "credentials", "connection_config"] as const).flatMap((group) =>
    Object.entries(provider[group] ?? {}).map(([name, field]) => fieldLine(group, name, field)),
  );

const urlText = (url: Provider["token_url"]): string | undefined =>
  typeof url === "object" ? Object.values(url).join(", ") : url;

const describe = (name: string, provider: Provider, notes: string[]): string => {
  const facts: [string, string | undefined][] = [
    ["kind", provider.auth_mode],
    ["for", provider.categories?.join(", ")],
    ["base URL", provider.proxy?.base_url],
    ["asks at", provider.authorization_url],
    ["token from", urlText(provider.token_url)],
    ["scopes", provider.default_scopes?.join(", ")],
    ["tested by", provider.proxy?.verification?.endpoints.join(", ")],
    ["webhooks", ruleOf(provider) === undefined ? undefined : "yes"],
    ["documented at", provider.docs],
  ];
  const fields = fieldLines(provider);
  return [
    `${provider.display_name} (${name})`,
    ...facts.flatMap(([label, text]) => (text === undefined ? [] : [`  ${label.padEnd(14)}${text}`])),
    ...(fields.length > 0 ? ["", "Fields", ...fields] : []),
    ...(notes.length > 0 ? ["", "Not done here", ...notes.map((note) => `  ${note}`)] : []),
  ].join("\n");
};

const showOne = (catalogue: Catalogue, name: string, isJson: boolean): string => {
  const provider = catalogue.get(name);
  if (provider !== undefined) {
    const notes = catalogue.notes(name);
    return isJson ? JSON.stringify({ name, ...provider, notes }) : describe(name, provider, notes);
  }
  const problem = catalogue.problems.find((one) => one.name === name);
  if (problem !== undefined) throw new AppError("not_found", `${name} was left out: ${problem.reason}`);
  const near = searchCatalogue(catalogue, name).map((one) => one.name);
  const hint = near.length > 0 ? ` There are: ${near.slice(0, 10).join(", ")}` : "";
  throw new AppError("not_found", `There is no provider "${name}".${hint}`);
};

const showAll = (catalogue: Catalogue, search: string, isJson: boolean): string => {
  const found = searchCatalogue(catalogue, search);
  const rows = found.map(({ name, provider: { display_name, auth_mode, categories } }) => ({
    name,
    display_name,
    auth_mode,
    categories: categories ?? [],
    notes: catalogue.notes(name),
  }));
  if (isJson) return JSON.stringify({ providers: rows, problems: catalogue.problems });
  const width = Math.max(4, ...rows.map(({ name }) => name.length));
  const lines = rows.map((row) => `${row.name.padEnd(width)}  ${row.auth_mode.padEnd(18)}  ${row.display_name}`);
  const { length: refused } = catalogue.problems;
  return [...lines, "", `${rows.length} providers${refused > 0 ? `; ${refused} left out: syncline doctor` : ""}`].join(
    "\n",
  );
};

const run = (name: string | undefined, options: { json?: true; search?: string }): void => {
  const catalogue = loadCatalogue({ files: readConfig().providerFiles });
  const isJson = options.json === true;
  const text = name === undefined ? showAll(catalogue, options.search ?? "", isJson) : showOne(catalogue, name, isJson);
  process.stdout.write(`${text}\n`);
};

/** Adds `syncline providers` to the program. */
export const addProvidersCommand = (program: Command): void => {
  program
    .command("providers")
    .description("list the APIs that connections can be made to, or show what one of them needs")
    .argument("[name]", "the provider to show")
    .option("--search <text>", "only those with this in their name")
    .option("--json", "print JSON")
    .action(run);
};
