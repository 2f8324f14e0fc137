// Compiling a folder of 1000 functions: all of them, one that changed, and one that changed under a compiler kept open.
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { compileFolder, createCompiler } from "../../src/functions/compile.ts";
import type { Result } from "./result.ts";

const FUNCTIONS = 1000;
const PER_INTEGRATION = 20;

const FIELDS = Array.from({ length: 20 }, (_, index) => `field${index}: z.string().optional()`).join(", ");

// As long as a usual one: 3 KB, one helper, a schema of 22 fields, a loop over pages.
const sync = (index: number): string => `import { createSync, ProxyConfiguration } from "nango";
import { z } from "zod";
import { Shared } from "../models.js";

const Details = z.object({ id: z.string(), ${FIELDS} });

const sync = createSync({
  description: "All things ${index}", version: "1.0.0", frequency: "every hour", autoStart: true,
  models: { Thing${index}: Shared.extend({ details: Details }) },
  exec: async (nango) => {
    const config: ProxyConfiguration = { endpoint: "/things", retries: 3, paginate: { type: "link" } };
    for await (const page of nango.paginate<{ id: number; name: string }>(config)) {
      const rows = page.map((row) => ({ id: String(row.id), name: row.name, tags: [], details: { id: String(row.id) } }));
${`      if (rows.length === 0) { await nango.log("a page without rows"); }\n`.repeat(20)}
      await nango.batchSave(rows, "Thing${index}");
    }
  },
});

export default sync;
`;

const fileOf = (index: number): string => `integration${Math.floor(index / PER_INTEGRATION)}/syncs/things${index}.ts`;

const writeAll = (dir: string): void => {
  for (let index = 0; index < FUNCTIONS; index++) {
    const file = path.join(dir, fileOf(index));
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, sync(index));
    const shared = `import { z } from "zod";\nexport const Shared = z.object({ id: z.string(), name: z.string(), tags: z.array(z.string()) });\n`;
    writeFileSync(path.join(path.dirname(file), "../models.ts"), shared);
  }
};

const secondsOf = async (work: () => Promise<{ functions: unknown[]; problems: unknown[] }>): Promise<number> => {
  const startedAt = performance.now();
  const { functions, problems } = await work();
  if (functions.length !== FUNCTIONS || problems.length > 0) throw new Error(JSON.stringify(problems.slice(0, 3)));
  return (performance.now() - startedAt) / 1000;
};

const row = (work: string, seconds: number, most: number): Result => ({
  work,
  against: "-",
  ratio: seconds,
  budget: `< ${most} s`,
  isMet: seconds < most,
  detail: "s",
});

export const benchCompile = async (): Promise<Result[]> => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "syncline-bench-"));
  const change = (): void => appendFileSync(path.join(dir, fileOf(7)), "// changed\n");
  const compiler = createCompiler({ dir });
  try {
    writeAll(dir);
    const cold = await secondsOf(() => compileFolder(dir));
    change();
    const changed = await secondsOf(() => compileFolder(dir));
    await compiler.compile();
    change();
    await compiler.compile(); // starts the isolate
    change();
    const warm = await secondsOf(() => compiler.compile());
    return [
      row("1000 functions compiled from nothing", cold, 10),
      row("1000 functions, one of them changed", changed, 1.5),
      row("the same with a compiler kept open", warm, 0.3),
    ];
  } finally {
    await compiler.close();
    rmSync(dir, { recursive: true });
  }
};
