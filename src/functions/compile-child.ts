// What compile-apart.ts starts: a process that compiles the folders it is told, one at a time, and ends with who started it.
// Like the command line it keeps what Node compiles for the next one, which is asked for before the rest is loaded.
import { enableCompileCache } from "node:module";
import path from "node:path";

enableCompileCache(path.join(import.meta.dirname, "../../node_modules/.cache/syncline"));
const compiler = import("./compile.ts");

process.on("disconnect", () => process.exit());
process.on("message", async (dir: string) => {
  process.send!(await (await compiler).compileFolder(dir));
});
