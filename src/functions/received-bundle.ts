// Bundles that others made, as text: completed with the packages they leave to where they run, and freed of what only takes
// place. Nothing here parses or runs the text.
import { createPackages, type Packages } from "./compile-packages.ts";

const REQUIRED = /\brequire\(["'](soap|unzipper|botbuilder)["']\)/g;
const MAP = /\n?\/\/# sourceMappingURL=data:application\/json(?:;charset=utf-?8)?;base64,([A-Za-z0-9+/=]+)\s*$/i;

/** The map without the files it was made of, which ours do not carry either; none when it is no map. */
const slimMap = (encoded: string): string => {
  try {
    const { sourcesContent: _, ...map } = JSON.parse(Buffer.from(encoded, "base64").toString("utf8")) as object & {
      sourcesContent?: unknown;
    };
    const slim = Buffer.from(JSON.stringify(map)).toString("base64");
    return `//# sourceMappingURL=data:application/json;base64,${slim}\n`;
  } catch {
    return "";
  }
};

/** The packages that the text asks for by name. */
export const packagesOf = (js: string): string[] => [
  ...new Set([...js.matchAll(REQUIRED)].map(([, name]) => name as string)),
];

// Written after the text, whose lines stay where its source map knows them.
const provide = (js: string, packages: [name: string, code: string][]): string => {
  const made = packages.map(([name, code]) => `${JSON.stringify(name)}: (module, exports) => {${code}\n}`);
  return `((require) => {${js}
})(((require) => {
const made = {};
const packages = {
${made.join(",\n")}
};
return (name) => {
if (!Object.hasOwn(packages, name)) return require(name);
if (!Object.hasOwn(made, name)) packages[name](made[name] = { exports: {} }, made[name].exports);
return made[name].exports;
};
})(require));
`;
};

/** Rejects with the reason when a package cannot be had. */
const bundlePackage = async (packages: Packages, name: string): Promise<[string, string]> => {
  if (!packages.isInstalled(name)) throw new Error(`"${name}" is not installed on this server.`);
  const { code, errors } = await packages.bundle(name);
  if (errors.length > 0) throw new Error(errors.map(({ text }) => text).join("\n"));
  return [name, code];
};

/** Makes such texts complete; each package is bundled once. Rejects with the reason when a package cannot be had. */
export const createCompleter = () => {
  const packages = createPackages(import.meta.dirname);
  return async (js: string): Promise<string> => {
    const encoded = MAP.exec(js)?.[1];
    const text = encoded === undefined ? js : js.replace(MAP, "\n");
    const names = packagesOf(text);
    const found = await Promise.all(names.map((name) => bundlePackage(packages, name)));
    return (found.length === 0 ? text : provide(text, found)) + (encoded === undefined ? "" : slimMap(encoded));
  };
};
