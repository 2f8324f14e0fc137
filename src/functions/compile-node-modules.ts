// What the packages of a function get instead of Node's own modules: plain JavaScript that does the same, or a module that
// says at its first use that it is not there. Nothing of it leads out of the isolate.
import { builtinModules, createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath } from "node:url";
import type { BuildOptions, OnLoadResult, OnResolveArgs, OnResolveResult, PluginBuild } from "esbuild";

/** The isolate has these itself. */
const PROVIDED = ["crypto", "url"];

const OWN = ["assert", "buffer", "os", "process", "timers", "util", "zlib"];

const NPM: Record<string, string> = {
  events: "events/events.js",
  path: "path-browserify",
  stream: "readable-stream",
  string_decoder: "string_decoder/lib/string_decoder.js",
};

const REPLACED = "replaced";
/** Made for browsers, these look for what a function does not have either. */
const PLAIN: Record<string, string> = { "abort-controller": "abort-controller/dist/abort-controller" };

const ABSENT = "absent";
const EMPTY = "empty";

const requireHere = createRequire(import.meta.url);

const PACKAGES = path.join(import.meta.dirname, "packages");
const ownFile = (name: string): string => path.join(PACKAGES, `${name}${path.extname(import.meta.filename)}`);
const npmFile = (name: string): string => fileURLToPath(import.meta.resolve(NPM[name]!));

const builtin = (name: string): OnResolveResult => {
  if (PROVIDED.includes(name)) return { path: name, external: true };
  if (OWN.includes(name)) return { path: name, namespace: REPLACED };
  if (name in NPM) return { path: npmFile(name) };
  if (name === "constants") return { path: name, namespace: EMPTY };
  return { path: name, namespace: ABSENT };
};

const isBuiltin = (name: string): boolean => builtinModules.includes(name) && name !== "punycode";

/** `events/` asks for the npm package of that name, which ours do for where there is one. */
const builtinName = (asked: string): string | undefined => {
  const name = asked.replace(/^node:|\/$/g, "");
  if (asked.endsWith("/") && !OWN.includes(name) && !(name in NPM)) return undefined;
  return isBuiltin(name) ? name : undefined;
};

// A package may mention another that nobody installed, for a part that is not used.
const resolveOther = async (build: PluginBuild, args: OnResolveArgs): Promise<OnResolveResult | undefined> => {
  const { path: asked, importer, kind, namespace, resolveDir, pluginData } = args;
  if (pluginData === ABSENT || importer === "<stdin>" || /^[./]/.test(asked)) return undefined;
  const found = await build.resolve(PLAIN[asked] ?? asked, {
    importer,
    kind,
    namespace,
    resolveDir,
    pluginData: ABSENT,
  });
  return found.errors.length === 0 ? found : { path: asked, namespace: ABSENT };
};

const loaded = (name: string, what: string): OnLoadResult => ({
  contents: `module.exports = require(${JSON.stringify(ownFile(name))}).${what};`,
  resolveDir: PACKAGES,
});

const absentCode = (name: string): string => {
  if (!isBuiltin(name)) return `absent(${JSON.stringify(name)})`;
  const names = Object.keys(requireHere(name) as object);
  return `absentModule(${JSON.stringify(name)}, ${JSON.stringify(names)})`;
};

const replaced = (build: PluginBuild): void => {
  build.onResolve({ filter: /.*/ }, (args) => {
    const name = builtinName(args.path);
    return name === undefined ? resolveOther(build, args) : builtin(name);
  });
  build.onLoad({ filter: /.*/, namespace: ABSENT }, ({ path: name }) => loaded("absent", absentCode(name)));
  build.onLoad({ filter: /.*/, namespace: REPLACED }, ({ path: name }) => loaded(name, "replacement"));
  build.onLoad({ filter: /.*/, namespace: EMPTY }, () => ({ contents: "module.exports = {};" }));
};

/** The part of esbuild's options that does it. */
export const nodeModules = () =>
  ({
    inject: [ownFile("globals")],
    define: { global: "globalThis" },
    plugins: [{ name: "node-modules", setup: replaced }],
  }) satisfies BuildOptions;
