// `syncline connections import`: connections from a file that `export` wrote. Whoever was killed in the middle starts again:
// what is there already is skipped.
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { type Command, InvalidArgumentError, Option } from "commander";
import { omit } from "es-toolkit/object/omit";
import { AppError, hasCode } from "../../errors.ts";
import { serverApi } from "../server-api.ts";
import { counted, messageOf } from "../words.ts";
import { Header, Line, Sealed } from "./format.ts";
import { type NamedKey, openWith, readPrivateKey } from "./sealing.ts";

type Names = Record<string, string>;
type Options = { key: string; mapIntegration: Names; override?: true; test?: true; dryRun?: true; json?: true };
type Result = "created" | "overridden" | "skipped" | "failed";

// What the file says and an import does not take.
const LEFT_OUT = ["provider", "created_at"];

const parse = <T>(schema: { parse: (value: unknown) => T }, text: string, says: string): T => {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError("invalid_body", says, { cause });
  }
};

const checkHeader = (text: string, key: NamedKey): Header => {
  const header = parse(Header, text, "It is no export of connections that this version reads.");
  if (header.key !== key.id) throw new AppError("invalid_body", "The file is sealed for another key.");
  return header;
};

const bodyOf = async (key: NamedKey, sealed: string, { mapIntegration, override, test, dryRun }: Options) => {
  const one = Sealed.parse(await openWith(key, sealed));
  const { provider_config_key: exported } = one;
  return {
    ...omit(one, LEFT_OUT),
    provider_config_key: Object.hasOwn(mapIntegration, exported) ? mapIntegration[exported]! : exported,
    connection_id: one.connection_id,
    if_exists: override ? "override" : "skip",
    test: test === true,
    dry_run: dryRun === true,
  };
};

// Then every further line would fail alike.
const isHopeless = (error: unknown): boolean =>
  (["server_unreachable", "unknown_account", "missing_auth_header", "forbidden"] as const).some((code) =>
    hasCode(error, code),
  );

const summary = (counts: Record<Result, number>, isDry: boolean): string => {
  const { created, overridden, skipped, failed } = counts;
  const done = `${created} created, ${overridden} overridden, ${skipped} skipped as they are there, ${failed} failed`;
  return isDry ? `Would be: ${done}.` : `${done}.`;
};

const run = async (file: string, options: Options): Promise<void> => {
  const key = await readPrivateKey(options.key);
  const api = serverApi();
  const counts: Record<Result, number> = { created: 0, overridden: 0, skipped: 0, failed: 0 };
  let header: Header | undefined;
  let number = 0;
  let seen = 0;
  let whole: number | undefined;
  const fail = (about: string, error: unknown): void => {
    counts.failed += 1;
    process.stderr.write(`${about}: ${messageOf(error)}\n`);
  };
  const take = async (text: string): Promise<void> => {
    let about = `line ${number}`;
    seen += 1;
    try {
      const line = parse(Line, text, "It is no line of an export.");
      if ("end" in line) {
        seen -= 1;
        whole = line.count;
        return;
      }
      const body = await bodyOf(key, line.sealed, options);
      about += ` (${body.provider_config_key}/${body.connection_id})`;
      const { result } = await api.post<{ result: Exclude<Result, "failed"> }>("/import/connections", body);
      counts[result] += 1;
    } catch (error) {
      if (isHopeless(error)) throw error;
      fail(about, error);
    }
    if (seen % 100 === 0) process.stderr.write(`${seen} of ${header!.count}\n`);
  };
  const input = createReadStream(file).on("error", () => {});
  for await (const text of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    number += 1;
    if (header === undefined) header = checkHeader(text, key);
    else if (text !== "") await take(text);
  }
  if (header === undefined) throw new AppError("invalid_body", `${file} cannot be read, or is empty.`);
  if (whole !== seen) {
    const says = whole === undefined ? "it has no end" : `it should hold ${counted(whole, "connection")}, not ${seen}`;
    fail(file, new Error(`The file is not whole: ${says}.`));
  }
  console.log(options.json ? JSON.stringify(counts) : summary(counts, options.dryRun === true));
  if (counts.failed > 0) process.exitCode = 1;
};

const mapping = (text: string, before: Names): Names => {
  const [from, to, ...rest] = text.split("=");
  if (!from || !to || rest.length > 0) throw new InvalidArgumentError("It is <there>=<here>.");
  return { ...before, [from]: to };
};

export const addImportCommand = (connections: Command): void => {
  connections
    .command("import <file>")
    .description("make the connections of an export; no provider is asked, and what is there already is skipped")
    .requiredOption("--key <file>", "the private key that opens them")
    .addOption(
      new Option("--map-integration <there=here>", "an integration of another name; may be repeated")
        .argParser(mapping)
        .default({}, "the same names"),
    )
    .option("--override", "give those that are there the credentials of the file")
    .option("--test", "have the providers asked whether they take the credentials")
    .option("--dry-run", "open every line and say what would be done")
    .option("--json", "print the counts as JSON")
    .action(run);
};
