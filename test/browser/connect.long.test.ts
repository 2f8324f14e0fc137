// Every state of the connect page in light and dark at three widths; connect.test.ts looks at two of these six.
import { test } from "node:test";
import { DESKTOP, isSkipped, NARROW, PHONE, startBrowser } from "./browser.ts";
import { lookAtAll } from "./states.ts";
import { startWorld } from "./world.ts";

test("axe finds nothing in any state, light or dark, on a desktop, a phone or a narrow phone", {
  skip: isSkipped,
}, async (t) => {
  const world = await startWorld(t);
  const { newContext } = await startBrowser(t);
  for (const colorScheme of ["light", "dark"] as const)
    for (const viewport of [DESKTOP, PHONE, NARROW]) await lookAtAll(world, { newContext, colorScheme, viewport });
});
