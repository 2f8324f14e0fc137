// What compile-apart.ts starts: a process that compiles the folders it is told, one at a time, and ends with who started it.
import { compileFolder } from "./compile.ts";

process.on("disconnect", () => process.exit());
process.on("message", async (dir: string) => {
  process.send!(await compileFolder(dir));
});
