// Which test files share a process. To load what most tests need takes a core 0.3 to 1 s, and code that has run before runs in
// half the time: with a process for each file, two thirds of the processor time of test/http went there.
import { mkdtempSync, writeFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

/** Files that want a process of their own, and why. */
const ALONE: { [file: string]: string } = {
  "test/browser/connect.test.ts": "starts a browser",
  "test/bundled-provider/large.test.ts": "measures its own memory",
  "test/graphql/schema-follows.test.ts": "measures how soon a schema follows",
  "test/functions/compile-code.test.ts": "has a temporary folder and environment variables of its own",
  "test/functions/escape.test.ts": "has a secret among its environment variables",
};

/** Files of a batch. Those of some folders start processes and wait for them: they gain little, and would be the last to end. */
const MOST = 12;
const FEW: { [folder: string]: number } = { "test/commands": 2, "test/contract": 1, "test/crash": 3, "test/race": 3 };

/** What takes longest begins first. */
const FIRST = ["test/client-cli", "test/contract", "test/commands", "test/functions", "test/graphql", "test/http"];

const place = (folder: string): number => (FIRST.includes(folder) ? FIRST.indexOf(folder) : FIRST.length);

const even = (files: string[], most: number): string[][] => {
  const count = Math.ceil(files.length / most);
  return Array.from({ length: count }, (_, at) =>
    files.filter((_, index) => Math.floor((index * count) / files.length) === at),
  );
};

/** The files by folder, in batches of about the same size, in the order in which they should begin. */
export const batchesOf = (files: string[]): string[][] => {
  const folders = Object.entries(Object.groupBy(files, (file) => path.dirname(file)));
  return folders
    .sort(([one], [other]) => place(one) - place(other))
    .flatMap(([folder, all = []]) => {
      const [alone, together] = [all.filter((file) => file in ALONE), all.filter((file) => !(file in ALONE))];
      return [...even(together, FEW[folder] ?? MOST), ...alone.map((file) => [file])];
    });
};

const textOf = (files: string[], { root, areTimed }: { root: string; areTimed: boolean }): string => {
  const url = (file: string): string => JSON.stringify(pathToFileURL(path.join(root, file)));
  const times = `import { printTimes } from ${url("test/helpers/times.ts")};\nprintTimes("${files}");\n`;
  return (areTimed ? times : "") + files.map((file) => `import ${url(file)};\n`).join("");
};

/** Write a file for each batch that imports its files. The runner begins with them in the order of their names. */
export const writeBatches = (
  batches: string[][],
  o: { root: string; temporary: string; areTimed: boolean },
): { folder: string; files: string[] } => {
  const folder = mkdtempSync(path.join(o.temporary, "syncline-batches-"));
  const files = batches.map((batch, at) => {
    const name = `${String(at).padStart(3, "0")}-${batch[0]!.replaceAll("/", "-").replace(/(\.long)?\.test\.ts$/, "")}`;
    const file = path.join(folder, `${name}.mjs`);
    writeFileSync(file, textOf(batch, o));
    return file;
  });
  return { folder, files };
};
