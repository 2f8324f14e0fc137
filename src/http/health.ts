// Is the process there, and can it work? Both without a key, and whatever the query: what checks health may add one.
import { z } from "zod";
import type { HttpDeps } from "./deps.ts";
import { type Endpoint, endpoint } from "./endpoint.ts";

/** GET /health answers as soon as the process listens; GET /ready is 503 until it is migrated and working. */
export const healthEndpoints = ({ ready }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/health",
      tag: "Service",
      says: "Is the process there?",
      access: "open",
      raw: true,
      answers: { 200: { says: "It is.", body: z.strictObject({ result: z.literal("ok") }) } },
    },
    () => ({ result: "ok" }) as const,
  ),
  endpoint(
    {
      method: "get",
      path: "/ready",
      tag: "Service",
      says: "Is the server migrated and working?",
      access: "open",
      raw: true,
      answers: {
        200: { says: "It is.", body: z.strictObject({ result: z.literal("ok") }) },
        503: { says: "Not yet, or no longer.", body: z.looseObject({ result: z.literal("starting").optional() }) },
      },
    },
    ({ res }) => {
      if (ready()) return { result: "ok" } as const;
      res.status(503);
      return { result: "starting" } as const;
    },
  ),
];
