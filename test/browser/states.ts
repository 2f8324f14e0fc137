// The states of the connect page, one after another in a window of its own, each looked at for what no state may have wrong.
import assert from "node:assert/strict";
import type { BrowserContext, Frame, Page } from "playwright-core";
import { violationsOf } from "./browser.ts";
import type { World } from "./world.ts";

export type Shown = Page | Frame;

export const heading = (page: Shown, name: string | RegExp) => page.getByRole("heading", { level: 1, name }).waitFor();
export const press = (page: Shown, name: string) => page.getByRole("button", { name, exact: true }).click();

/** Fill in the form of Northwind CRM, and press its button. */
export const fillIn = async (page: Shown, apiKey: string, button = "Connect"): Promise<void> => {
  await page.getByLabel("Workspace").fill("acme");
  await page.getByLabel("Region").selectOption("eu");
  await page.getByLabel("API key", { exact: true }).fill(apiKey);
  await press(page, button);
};

export type Look = {
  newContext: (options: { colorScheme: "light" | "dark"; viewport: Viewport }) => Promise<BrowserContext>;
  colorScheme: "light" | "dark";
  viewport: Viewport;
};

type Viewport = { width: number; height: number };

/** Go through all states: axe finds nothing, all texts are texts, and nothing is wider than the window. */
export const lookAtAll = async (world: World, { newContext, colorScheme, viewport }: Look): Promise<void> => {
  const context = await newContext({ colorScheme, viewport });
  const page = await context.newPage();
  const looked = async (state: string) => {
    const where = `${state}, ${colorScheme}, ${viewport.width} px`;
    assert.deepEqual(await violationsOf(page), [], where);
    const text = await page.evaluate("document.body.innerText");
    assert.doesNotMatch(String(text), /\[object|undefined|\{\w+\}/, where);
    const wide = await page.evaluate("document.documentElement.scrollWidth - innerWidth");
    assert.ok(Number(wide) <= 0, `${where} is wider than the window`);
  };
  await page.goto((await world.invite()).link);
  await heading(page, "What would you like to connect?");
  await looked("list");
  await page.getByRole("button", { name: "Northwind CRM" }).click();
  await heading(page, "Connect Northwind CRM");
  await looked("form");
  await press(page, "Connect");
  await looked("form with errors");
  await fillIn(page, "bad-1");
  await heading(page, "That did not work");
  await looked("failure");
  await press(page, "Try again");
  await page.getByLabel("API key", { exact: true }).fill("good-1");
  await press(page, "Connect");
  await heading(page, "Northwind CRM is connected");
  await looked("success");
  await page.goto((await world.invite("calendar")).link);
  await heading(page, "Connect Contoso Calendar");
  await looked("sign-in");
  const opening = page.waitForEvent("popup");
  await press(page, "Connect with Contoso Calendar");
  await heading(page, "Continue in the new window");
  await looked("waiting");
  await (await opening).close();
  await heading(page, "The window was closed");
  await looked("closed");
  await context.close();
};
