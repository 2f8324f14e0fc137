// What the published command line asks for besides deploying.
import { z } from "zod";
import { type Endpoint, endpoint } from "../endpoint.ts";

const Event = z.strictObject({
  deviceId: z.string().max(255),
  event: z.string().max(255),
  ephemeral: z.boolean().optional(),
});

const Environments = z.strictObject({ data: z.array(z.strictObject({ name: z.string() })) });

/** Usage events are accepted, so that nothing waits for them, and forgotten. */
export const cliEndpoints = (): Endpoint[] => [
  endpoint(
    {
      method: "post",
      unaudited: "it changes nothing",
      path: "/cli/telemetry",
      tag: "Service",
      says: "Take an event of usage and forget it",
      access: "open",
      body: Event,
      answers: { 204: { says: "It is forgotten." } },
    },
    async () => undefined,
  ),
  endpoint(
    {
      method: "get",
      path: "/api/v1/environments",
      tag: "Settings",
      says: "The environment of the key, as a list to choose from",
      answers: { 200: { says: "One environment: a key is of no more.", body: Environments } },
    },
    async ({ environment }) => ({ data: [{ name: environment.name }] }),
  ),
];
