// What compile-apart.ts starts: a process that compiles one folder, says what came of it, and ends.
import { compileFolder } from "./compile.ts";

process.on("disconnect", () => process.exit()); // whoever asked is gone
process.once("message", async (dir: string) => {
  process.send!(await compileFolder(dir));
  process.disconnect();
});
