// The functions that the benchmarks run: one that only is (model Item), one that does nothing, one that says when it began, one that saves a record,
// an action that gives back its input.
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";

const sync = (frequency: string, exec: string, model: string): string => `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "benchmark", version: "1.0.0", frequency: "${frequency}", autoStart: false,
  models: { ${model}: z.object({ id: z.string() }) },
  exec: async (nango) => { ${exec} },
});
`;

const BULK = `
    for (let page = 0; ; page++) {
      const { data } = await nango.get({ endpoint: "/items", params: { page } });
      if (data.length === 0) return;
      await nango.batchSave(data, "Bulk");
    }`;

const PAGES = `
    const text = "x".repeat(150);
    const fields = (n) => ({ a: text + n, b: text, c: text, d: text, e: text, f: text, count: n, isNew: true });
    const startedAt = Date.now();
    for (let page = 0; page < 20; page++) {
      await nango.batchSave(Array.from({ length: 1000 }, (_, n) => ({ id: \`\${page}-\${n}\`, ...fields(n) })), "Page");
    }
    await nango.log(\`pages took \${Date.now() - startedAt} ms\`);`;

const TICK = `await nango.batchSave([{ id: "tick", at: \`\${Date.now()} \${Math.random()}\` }], "Tick");`;

const NOOP = `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({
  description: "benchmark", version: "1.0.0", input: z.any(), output: z.any(),
  exec: async (nango, input) => input,
});
`;

/** Write them as a functions folder. */
export const writeFunctions = (folder: string): void => {
  const syncs = path.join(folder, "bench", "syncs");
  mkdirSync(syncs, { recursive: true });
  mkdirSync(path.join(folder, "bench", "actions"), { recursive: true });
  writeFileSync(path.join(folder, "bench", "actions", "noop.ts"), NOOP);
  writeFileSync(path.join(syncs, "items.ts"), sync("every hour", "", "Item"));
  writeFileSync(path.join(syncs, "empty.ts"), sync("every hour", "", "Nothing"));
  writeFileSync(path.join(syncs, "first-line.ts"), sync("every hour", 'await nango.log("first line");', "Line"));
  writeFileSync(path.join(syncs, "tick.ts"), sync("every hour", TICK, "Tick"));
  writeFileSync(path.join(syncs, "pages.ts"), sync("every hour", PAGES, "Page"));
  writeFileSync(path.join(syncs, "bulk.ts"), sync("every hour", BULK, "Bulk"));
};
