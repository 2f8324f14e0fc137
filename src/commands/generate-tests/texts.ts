// The files that let vitest run functions on their fixtures: a test for each function, and the setup they share.
import type { Kind } from "../project/skeletons.ts";
import { FOLDERS } from "../project/skeletons.ts";

/** What a test is written for. `clock` is the time that its fixture names. */
export type Tested = { kind: Kind; integration: string; name: string; models: string[]; clock: string | undefined };

// Made by a function so that no line in here looks like an import of ours.
const importLine = (what: string, from: string): string => `import ${what} from ${JSON.stringify(from)};`;

export const CONFIG_FILES = {
  "vite.config.ts": `${importLine("{ defineConfig }", "vitest/config")}

export default defineConfig({
  // Files of either name are given the same.
  resolve: {
    alias: [
      { find: /^nango$/, replacement: "syncline" },
      { find: /^nango\\/test$/, replacement: "syncline/test" },
    ],
  },
  test: { globals: true, setupFiles: ["./vitest.setup.ts"] },
});
`,
  "vitest.setup.ts": `${importLine("{ NangoActionMock, NangoSyncMock }", "syncline/test")}

Object.assign(globalThis, { vitest: { NangoActionMock, NangoSyncMock } });
`,
} as const;

const quoted = (text: string): string => JSON.stringify(text);

const clockLines = (clock: string | undefined): string =>
  clock === undefined
    ? ""
    : `
  // The time of the recording: the function asks for what is recent.
  beforeEach(() => void vi.useFakeTimers({ toFake: ["Date"], now: new Date(${quoted(clock)}) }));
  afterEach(() => void vi.useRealTimers());
`;

const importsOf = (clock: string | undefined): string =>
  clock === undefined ? "describe, expect, it" : "afterEach, beforeEach, describe, expect, it, vi";

const syncTest = ({
  integration,
  name,
  models,
  clock,
}: Tested): string => `${importLine(`{ ${importsOf(clock)} }`, "vitest")}
${importLine("{ NangoSyncMock }", "syncline/test")}
${importLine("sync", `../${FOLDERS.sync}/${name}.js`)}

const models = ${JSON.stringify(models)};
const asJson = (value: unknown) => JSON.parse(JSON.stringify(value));

describe(${quoted(`${integration}/${name}`)}, () => {${clockLines(clock)}
  const run = async () => {
    const nango = new NangoSyncMock({ dirname: import.meta.dirname, name: ${quoted(name)}, Model: models.join() });
    await sync.exec(nango as never);
    return nango;
  };
  const given = (spy: { mock: { calls: [unknown[], string][] } }, model: string) =>
    asJson(spy.mock.calls.flatMap(([rows, of]) => (of === model ? rows : [])));

  it.each(models)("saves what was recorded: %s", async (model) => {
    const nango = await run();
    expect(given(nango.batchSave, model)).toStrictEqual(await nango.getBatchSaveData(model));
  });

  it.each(models)("deletes what was recorded: %s", async (model) => {
    const nango = await run();
    const recorded = await nango.getBatchDeleteData(model);
    if (recorded.length > 0) expect(given(nango.batchDelete, model)).toStrictEqual(recorded);
  });
});
`;

const actionTest = ({ integration, name, clock }: Tested): string => `${importLine(`{ ${importsOf(clock)} }`, "vitest")}
${importLine("{ NangoActionMock }", "syncline/test")}
${importLine("action", `../${FOLDERS.action}/${name}.js`)}

const asJson = (value: unknown) => JSON.parse(JSON.stringify(value ?? null));

describe(${quoted(`${integration}/${name}`)}, () => {${clockLines(clock)}
  it("gives out what was recorded", async () => {
    const nango = new NangoActionMock({ dirname: import.meta.dirname, name: ${quoted(name)} });
    const output = await action.exec(nango as never, await nango.getInput());
    expect(asJson(output)).toStrictEqual(asJson(await nango.getOutput()));
  });
});
`;

/** The text of a function's test. */
export const testText = (tested: Tested): string => (tested.kind === "sync" ? syncTest(tested) : actionTest(tested));
