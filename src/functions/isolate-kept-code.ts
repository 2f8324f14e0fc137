// Scripts that take long to build, kept between processes beside the compiled code that Node itself keeps there (its
// compile cache, which `NODE_COMPILE_CACHE` turns on); where it keeps none, each process builds its own. Reading one takes
// 10 ms. A script counts as long as every file that it was made of is as it was.
import { createHash, randomUUID } from "node:crypto";
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import v8 from "node:v8";

export type ScriptCode = { code: string; cachedData: Uint8Array; filename: string };

/** A script, and all files that have a say in it. */
export type Built = { script: ScriptCode; inputs: string[] };

type Kept = { script: ScriptCode; inputs: [file: string, digest: string][] };

const digestOf = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

const read = (place: string): ScriptCode | undefined => {
  try {
    const { script, inputs } = v8.deserialize(readFileSync(place)) as Kept;
    return inputs.every(([file, digest]) => digestOf(file) === digest) ? script : undefined;
  } catch {
    return undefined; // not there, half of it, or an input is gone
  }
};

// What was saved while the script was built may be in it or not. The clock of file systems lags by up to 10 ms.
const write = (place: string, { script, inputs }: Built, startedAt: number): void => {
  const unfinished = `${place}.${randomUUID()}`;
  try {
    if (inputs.some((file) => statSync(file).mtimeMs >= startedAt - 10)) return;
    writeFileSync(unfinished, v8.serialize({ script, inputs: inputs.map((file) => [file, digestOf(file)]) }));
    renameSync(unfinished, place);
  } catch {
    // a folder that cannot be written costs time only
  }
};

// Several checkouts may share one folder, by a linked node_modules: each keeps its own.
const OWN = createHash("sha256")
  .update(import.meta.dirname)
  .digest("hex")
  .slice(0, 12);

/** The script that is kept in `folder` under `name`, or else what `build` gives, which is kept from then on. */
export const keptScript = async (
  folder: string | undefined,
  name: string,
  build: () => Promise<Built>,
): Promise<ScriptCode> => {
  if (folder === undefined) return (await build()).script;
  const place = path.join(folder, `${name}-${OWN}`);
  const known = read(place);
  if (known !== undefined) return known;
  const startedAt = Date.now();
  const built = await build();
  write(place, built, startedAt);
  return built.script;
};
