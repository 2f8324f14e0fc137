// A headless Chromium for tests, with a profile of its own that is gone with the test.
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { TestContext } from "node:test";
import { type BrowserContext, chromium, type Frame, type Page } from "playwright-core";

const CHROMIUM = "/usr/bin/chromium";

/** Why browser tests are skipped here; false where they are not. */
export const isSkipped: string | false = existsSync(CHROMIUM) ? false : `there is no ${CHROMIUM}: install chromium`;

const ARGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };
export const NARROW = { width: 320, height: 640 };

export const startBrowser = async (t: TestContext) => {
  const browser = await chromium.launch({ executablePath: CHROMIUM, headless: true, args: ARGS });
  t.after(() => browser.close());
  /** What nobody else shares: cookies and storage. */
  const newContext = async (options: Parameters<typeof browser.newContext>[0] = {}): Promise<BrowserContext> => {
    const context = await browser.newContext({ locale: "en-US", viewport: DESKTOP, ...options });
    context.setDefaultTimeout(20_000);
    return context;
  };
  return { newContext };
};

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe finds wrong with a page, rule by rule. The page's own policy lets no script of ours in, so it is evaluated. */
export const violationsOf = async (page: Page | Frame): Promise<string[]> => {
  // Half a megabyte: once for each document, not for each of its states.
  if (await page.evaluate("globalThis.axe === undefined")) await page.evaluate(AXE);
  const { passes, violations } = (await page.evaluate(
    'axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })',
  )) as { passes: unknown[]; violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] };
  if (passes.length < 10) throw new Error(`axe looked at ${passes.length} rules only`);
  return violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`,
  );
};
