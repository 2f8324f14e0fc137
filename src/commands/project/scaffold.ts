// The files of a new project: those of src/scaffold, the example of Acme from our templates, and what is made for each.
import { randomBytes } from "node:crypto";
import { globSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";

const SCAFFOLD = path.resolve(import.meta.dirname, "../../scaffold");
const TEMPLATES = path.resolve(import.meta.dirname, "../../templates");
const EXAMPLE = ["acme/syncs/contacts.ts", "acme/actions/create-contact.ts", "acme/tests/*.test.json"];

// The last versions that were tried with this one.
const ZOD = "^4.6.7";

const packageJson = (o: { name: string; syncline: string }): string => {
  const scripts = {
    test: "syncline test",
    dev: "syncline dev",
    compile: "syncline compile",
    deploy: "syncline deploy",
  };
  const dependencies = { syncline: o.syncline, zod: ZOD };
  return `${JSON.stringify({ name: o.name, private: true, type: "module", scripts, dependencies }, null, 2)}\n`;
};

const environment =
  (): string => `# The commands and the server started here read this file. The key is that of your local server's environment "dev".
SYNCLINE_DEV_API_KEY=${randomBytes(24).toString("base64url")}
# To work with another server: its address and a key of the environment to work in.
# SYNCLINE_URL=https://syncline.example.com
# SYNCLINE_API_KEY=
`;

const placeOf = (file: string): string => (file === "gitignore" ? ".gitignore" : file); // npm packs no .gitignore

/** Name to text. `syncline` is the version for package.json. */
export const projectFiles = async (o: { name: string; syncline: string }): Promise<Map<string, string>> => {
  const files = new Map([
    ["package.json", packageJson(o)],
    [".env", environment()],
  ]);
  for (const file of globSync("*", { cwd: SCAFFOLD }).sort()) {
    files.set(placeOf(file), await readFile(path.join(SCAFFOLD, file), "utf8"));
  }
  for (const file of globSync(EXAMPLE, { cwd: TEMPLATES }).sort()) {
    files.set(file, await readFile(path.join(TEMPLATES, file), "utf8"));
  }
  return files;
};
