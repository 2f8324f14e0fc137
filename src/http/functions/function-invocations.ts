// POST /functions/invocations and GET /functions/invocations/:id: names of the published API that nothing stands behind.
import { z } from "zod";
import { AppError } from "../../errors.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";

const MESSAGE =
  "Functions are not invoked so: run actions with POST /action/trigger and syncs with POST /sync/trigger.";

const shared = {
  tag: "Functions",
  scope: "functions:invocations",
  raw: true,
  answers: { 200: { says: "Never so far.", body: z.unknown() } },
  errors: ["not_implemented"],
} as const;

const refuse = (): never => {
  throw new AppError("not_implemented", MESSAGE);
};

/** They say what to call instead. */
export const functionInvocationEndpoints = (): Endpoint[] => [
  endpoint(
    {
      ...shared,
      method: "post",
      unaudited: "it is always refused",
      path: "/functions/invocations",
      says: "Invoke a function",
    },
    refuse,
  ),
  endpoint(
    { ...shared, method: "get", path: "/functions/invocations/:id", says: "What came of an invocation" },
    refuse,
  ),
];
