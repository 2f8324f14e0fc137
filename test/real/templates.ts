// The ready-made functions, compiled once for all tests of a file.
import path from "node:path";
import { compileFolder } from "../../src/functions/compile.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../src/templates");

export const compiled = compileFolder(FOLDER);

/** Those of one integration. */
export const templatesOf = async (integration: string) =>
  (await compiled).functions.filter((one) => one.integration === integration);
