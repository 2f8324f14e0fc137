// The functions of the integrations that the tests of the contract call.

/** Files of an integration `crm`: a sync, a sync that fails, actions of each outcome, and an event function. */
export const FUNCTIONS: { [file: string]: string } = {
  "crm/syncs/contacts.ts": `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Saves 120 contacts", version: "1.0.0", frequency: "every day", autoStart: true,
  models: { Contact: z.object({ id: z.string(), n: z.number() }) },
  exec: async (nango) => {
    await nango.batchSave(Array.from({ length: 120 }, (_, n) => ({ id: String(n), n })), "Contact");
  },
});`,
  "crm/actions/echo.ts": `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({
  description: "Gives back what it gets", version: "1.0.0",
  input: z.object({ text: z.string() }), output: z.object({ text: z.string() }),
  exec: async (nango, input) => input,
});`,
  "crm/actions/refuses.ts": `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({
  description: "Refuses", version: "1.0.0", input: z.unknown(), output: z.unknown(),
  exec: async (nango) => { throw new nango.ActionError({ reason: "no" }); },
});`,
  "crm/actions/asks.ts": `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({
  description: "Asks the provider for a status", version: "1.0.0", input: z.object({ status: z.number() }), output: z.unknown(),
  exec: async (nango, { status }) => (await nango.get({ endpoint: "/status/" + status })).data,
});`,
  "crm/on-events/welcome.ts": `
import { createOnEvent } from "syncline";
export default createOnEvent({
  description: "Looks at a new connection", version: "1.0.0", event: "post-connection-creation",
  exec: async (nango) => { await nango.log("welcome"); },
});`,
};

/** Functions that take anything and never fail: what is wrong then is not theirs. */
export const HARMLESS: { [file: string]: string } = {
  "crm/syncs/contacts.ts": `
import { createSync } from "syncline";
import * as z from "zod";
export default createSync({
  description: "Saves a contact", version: "1.0.0", frequency: "every day", autoStart: true,
  models: { Contact: z.object({ id: z.string() }) },
  exec: async (nango) => { await nango.batchSave([{ id: "1" }], "Contact"); },
});`,
  "crm/actions/echo.ts": `
import { createAction } from "syncline";
import * as z from "zod";
export default createAction({
  description: "Gives back what it gets", version: "1.0.0", input: z.unknown(), output: z.unknown(),
  exec: async (nango, input) => input ?? null,
});`,
};
