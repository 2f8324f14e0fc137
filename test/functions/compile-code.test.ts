// Compiling a text that somebody sent: what comes of it, and what it can't do to us.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { readdir } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, suite, test } from "node:test";
import { compileCode } from "../../src/functions/compile-code.ts";
import { functionHash } from "../../src/functions/definition.ts";
import { templatesOf } from "../../src/functions/templates.ts";

// A place of its own, to see what stays in it.
const PLACE = mkdtempSync(path.join(os.tmpdir(), "syncline-compile-"));
process.env.TMPDIR = PLACE;
after(() => rmSync(PLACE, { recursive: true }));

const ACTION = `import { createAction } from "nango";
import { z } from "zod";
export default createAction({
  description: "Says it again", version: "1.0.0", input: z.object({ text: z.string() }), output: z.string(),
  exec: async (nango, input) => input.text,
});
`;

const compile = (code: string, version?: string) => compileCode({ integration: "my crm", name: "echo", code, version });

const refusal = (code: string): Promise<string> =>
  compile(code).then(
    () => assert.fail("it compiled"),
    (error) => `${error.code}: ${error.message}`,
  );

suite("a text", () => {
  test("becomes a function with its own name and version, and keeps its text", async () => {
    const compiled = await compile(ACTION, "2.0.0");
    const { kind, integration, name, code, definition, bundle, hash } = compiled;
    assert.deepEqual([kind, integration, name, code], ["action", "my crm", "echo", ACTION]);
    assert.deepEqual([definition.version, definition.output], ["2.0.0", { type: "string" }]);
    assert.equal(hash, functionHash(bundle, definition));
  });

  test("that is wrong is refused with the place", async () => {
    assert.equal(await refusal("const x = ;"), 'compilation_error: echo.ts:1:11: Unexpected ";"');
    assert.match(await refusal("export default 1"), /^compilation_error: echo\.ts:1:1: The default export must be/);
    assert.match(await refusal("// nothing"), /^compilation_error: The text has no function/);
    assert.equal(
      await refusal('throw new Error("at once"); export default 1'),
      "compilation_error: echo.ts:1:7: at once",
    );
  });

  test("reads no file of ours, sees no variable of ours", async () => {
    const files = ["/etc/hostname", "../../../../../etc/hostname", "../../../x.json", "fs", "node:child_process"];
    const refused = await refusal(files.map((file) => `import "${file}";`).join("\n"));
    const lines = refused.split("\n");
    assert.equal(lines.length, files.length);
    for (const line of lines) assert.match(line, /outside the folder|cannot be imported/);
    process.env.SYNCLINE_SEEN = "secret";
    const look = "throw new Error(typeof process + globalThis.process?.env?.SYNCLINE_SEEN); export default 1";
    assert.match(await refusal(look), /undefinedundefined$/);
  });

  test("that breaks the compiler is refused, and the next one compiles", async () => {
    assert.match(await refusal("(".repeat(400_000)), /^compilation_error: The compiler gave up/);
    assert.equal((await compile(ACTION)).kind, "action");
  });

  test("leaves no file behind", async () => {
    assert.deepEqual(await readdir(os.tmpdir()), []);
  });
});

test("the ready-made functions of a provider are compiled once", async () => {
  const [first, again, none] = await Promise.all(["hubspot", "hubspot", "nothing"].map(templatesOf));
  assert.deepEqual(
    first!.map(({ integration, kind, name }) => [integration, kind, name]),
    ["companies", "contacts", "owners"].map((name) => ["hubspot", "sync", name]),
  );
  assert.ok(first!.every(({ code }) => code?.includes("createSync")));
  assert.equal(again, first);
  assert.deepEqual(none, []);
});
