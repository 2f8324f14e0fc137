import assert from "node:assert/strict";
import { symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { compileFolder } from "../helpers/compile.ts";
import { folder, poolForFile } from "./isolates.ts";

const { runBody } = poolForFile(1, 128);

const action = (imports: string, body: string): string => `${imports}
import { createAction } from "nango";
import { z } from "zod";
export default createAction({
  description: "d", input: z.unknown(), output: z.unknown(),
  exec: async (_nango, input) => { ${body} },
});
`;

/** The outcome of an action compiled with these packages. */
const outcomeOf = async (dir: string, payload?: unknown) => {
  const { functions, problems } = await compileFolder(dir);
  assert.deepEqual(problems, []);
  const { bundle, hash } = functions[0]!;
  return await runBody("", { bundle, hash, payload });
};

const resultOf = async (dir: string, payload?: unknown) => {
  const outcome = await outcomeOf(dir, payload);
  return outcome.ok ? outcome.value : assert.fail(outcome.error.stack ?? outcome.error.message);
};

/** A project whose `soap` is this. */
const withSoap = (soap: string, imports: string, body: string) => ({
  "node_modules/soap/package.json": `{ "name": "soap", "version": "1.0.0", "main": "lib/soap.js" }`,
  "node_modules/soap/lib/soap.js": soap,
  "a/actions/one.ts": action(imports, body),
});

// An archive of two files: a.txt, 3000 times "ab" (deflated), and b.txt, "stored" (as it is).
const ZIP = `UEsDBBQAAAAIAAAAIQDlnhQ+GQAAAHAXAAAFAAAAYS50eHTtwjENAAAAAqCs2j+EIXwZpAEAAAAAAE4DUEsDBBQAAAAAAAAAIQAL+UNWBgAAAA
YAAAAFAAAAYi50eHRzdG9yZWRQSwECFAMUAAAACAAAACEA5Z4UPhkAAABwFwAABQAAAAAAAAAAAAAAgAEAAAAAYS50eHRQSwECFAMUAAAAAAAA
ACEAC/lDVgYAAAAGAAAABQAAAAAAAAAAAAAAgAE8AAAAYi50eHRQSwUGAAAAAAIAAgBmAAAAZQAAAAAA`;

test("a package of the project goes into the bundle, with what it needs of Node in plain JavaScript", async (t) => {
  const soap = `
    const { Transform, PassThrough } = require("stream");
    const { EventEmitter } = require("node:events");
    const { StringDecoder } = require("string_decoder");
    const util = require("util"), path = require("path"), assert = require("assert"), zlib = require("zlib"), os = require("os");
    const { Buffer: B } = require("buffer");
    const timers = require("timers");
    util.inherits(Upper, Transform);
    function Upper() { Transform.call(this); }
    Upper.prototype._transform = (chunk, _encoding, done) => done(null, chunk.toString().toUpperCase());
    const collect = (stream) => new Promise((resolve, reject) => {
      const parts = []; stream.on("data", (part) => parts.push(part)).on("end", () => resolve(B.concat(parts).toString())).on("error", reject);
    });
    exports.work = async (text) => {
      const upper = new Upper(); const done = collect(upper.pipe(new PassThrough())); upper.end(text);
      const packed = zlib.gzipSync(text);
      const gunzip = zlib.createGunzip(); const unpacked = collect(gunzip); gunzip.end(packed);
      const emitter = new EventEmitter(); const heard = new Promise((resolve) => emitter.once("x", resolve)); emitter.emit("x", 5);
      const late = await util.promisify((value, call) => process.nextTick(call, null, value))("late");
      await new Promise((resolve) => timers.setImmediate(resolve));
      assert(true); assert.strictEqual(1, 1);
      let failed; try { assert.equal(1, 2, "no"); } catch (error) { failed = error.message; }
      const round = await util.promisify(zlib.inflate)(zlib.deflateSync(text));
      return [await done, await unpacked, await heard, late, failed, round.toString(), zlib.inflateRawSync(zlib.deflateRawSync(text)).toString(),
        path.join("a", "../b"), util.format("%s-%d %j", "a", "5", { b: 1 }), new StringDecoder("utf8").write(B.from("é")), os.EOL, typeof global.setTimeout];
    };`;
  const dir = await folder(t, withSoap(soap, `import { work } from "soap";`, "return await work(input);"));
  const result = ["HI", "hi", 5, "late", "no", "hi", "hi", "b", 'a-5 {"b":1}', "é", "\n", "function"];
  assert.deepEqual(await resultOf(dir, "hi"), result);
});

test("a damaged archive is an error of the stream, not of the isolate", async (t) => {
  const soap = `const { createInflateRaw } = require("zlib");
    exports.work = () => new Promise((resolve) => { const s = createInflateRaw(); s.on("error", (error) => resolve(error.code)); s.resume(); s.end(Buffer.from("nonsense and more of it")); });`;
  const dir = await folder(t, withSoap(soap, `import * as soap from "soap";`, "return await soap.work();"));
  assert.equal(await resultOf(dir), "Z_DATA_ERROR");
});

test("what needs files or the network can be imported, extended and mentioned, and says at its use that it is not there", async (t) => {
  const soap = `
    const fs = require("fs"), https = require("https"), { spawn } = require("child_process"), missing = require("nobody-installed-this");
    const all = Object.keys(fs).length;
    class Agent extends require("http").Agent {}
    const attempt = (work) => { try { return work(); } catch (error) { return error.message; } };
    exports.work = () => [all > 50, typeof fs.promises.readFile, attempt(() => fs.readFileSync("/etc/passwd")), attempt(() => https.request({})),
      attempt(() => new Agent()), attempt(() => spawn("ls")), attempt(() => missing.x.y()), attempt(() => fetch("https://a.example")),
      typeof process.env.PATH, typeof process.binding];`;
  const dir = await folder(t, withSoap(soap, `import * as soap from "soap";`, "return soap.work();"));
  const no = (what: string) => `A function has no ${what}; requests go through nango.`;
  const said = ["fs", "https", "http", "child_process", "nobody-installed-this", "http"].map(no);
  assert.deepEqual(await resultOf(dir), [true, "function", ...said, "undefined", "undefined"]);
});

test("Node's crypto and url are the isolate's, for packages as for functions", async (t) => {
  const soap = `const crypto = require("crypto"); const url = require("node:url");
    exports.work = () => [crypto.createHash("sha1").update("x").digest("hex").length, url.parse("https://a.example/b").pathname];`;
  const dir = await folder(t, withSoap(soap, `import soap = require("soap");`, "return soap.work();"));
  assert.deepEqual(await resultOf(dir), [40, "/b"]);
});

test("a package that throws while it loads is a problem at its import", async (t) => {
  const files = withSoap(`throw new Error("not today");`, `\nimport { x } from "soap";`, "return x;");
  const { problems } = await compileFolder(await folder(t, files));
  assert.deepEqual(
    problems.map(({ file, line, message }) => [file, line, message]),
    [["a/actions/one.ts", 2, "not today"]],
  );
});

test("another version of a package is another bundle", async (t) => {
  const dir = await folder(t, withSoap("exports.x = 1;", `import { x } from "soap";`, "return x;"));
  assert.equal(await resultOf(dir), 1);
  await writeFile(path.join(dir, "node_modules/soap/lib/soap.js"), "exports.x = 2;");
  assert.equal(await resultOf(dir), 2);
});

test("unzipper opens an archive", async (t) => {
  const body = `const { files } = await unzipper.Open.buffer(Buffer.from(String(input), "base64"));
    return Promise.all(files.map(async (file) => [file.path, (await file.buffer()).toString().length]));`;
  const dir = await folder(t, { "a/actions/one.ts": action(`import * as unzipper from "unzipper";`, body) });
  await symlink(path.resolve(import.meta.dirname, "../../node_modules"), path.join(dir, "node_modules"));
  assert.deepEqual(await resultOf(dir, ZIP), [
    ["a.txt", 6000],
    ["b.txt", 6],
  ]);
});
