// What a kind of credentials needs to get its token in a test: a fetch that may go to this machine, and a clock of our own.
import { test } from "node:test";
import type { ObtainContext } from "../../../src/auth/obtain.ts";
import { createHttpClient } from "../../../src/outbound/client.ts";
import { createFetch } from "../../../src/outbound/fetch.ts";
import type { Credentials } from "../../../src/providers/credentials.ts";
import { Provider } from "../../../src/providers/schema.ts";

export const NOW = Date.parse("2026-03-01T12:00:00Z");

const http = createHttpClient({ allowPrivateHosts: ["127.0.0.0/8"] });
test.after(() => http.close());

/** `entry` is a catalogue entry but for its name. */
export const contextOf = (
  entry: { auth_mode: string; [field: string]: unknown },
  credentials: Credentials,
  over: Partial<ObtainContext> = {},
): ObtainContext => ({
  provider: Provider.parse({ display_name: "Test", ...entry }),
  credentials,
  client: {},
  integrationConfig: {},
  connectionConfig: {},
  metadata: {},
  fetch: createFetch(http),
  now: () => NOW,
  ...over,
});

/** `${expression}`, as entries have it. */
export const v = (expression: string): string => `$\{${expression}}`;

export const at = (ms: number): string => new Date(NOW + ms).toISOString();
