// POST /action/trigger and GET /action/:id.
import { z } from "zod";
import { AppError } from "../../errors.ts";
import { untilClosed } from "../closed.ts";
import { connectionOf } from "../connection-of.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionHeaders, Name } from "../patterns.ts";
import { ACTION_FAILURES, answering } from "./action-failure.ts";

const INPUT_LIMIT = 10 * 1024 * 1024;
const MOST_RETRIES = 5;

const TriggerHeaders = ConnectionHeaders.extend({
  "x-async": z
    .enum(["true", "false"])
    .optional()
    .meta({ description: "`true`: the answer is where the result will be, and a worker runs the action." }),
  "x-max-retries": z.coerce
    .number()
    .int()
    .min(0)
    .max(MOST_RETRIES)
    .optional()
    .meta({ description: "How often an asynchronous action that fails is tried again: after 3 s, 6 s, 12 s …" }),
  "idempotency-key": z.string().min(1).max(255).optional().meta({
    description:
      "Of all calls with this key, for this connection and action, one runs: the others get its result, be it a failure, for 5 days. It also goes on when its caller goes away.",
  }),
}).refine((headers) => headers["x-async"] === "true" || !headers["x-max-retries"], {
  path: ["x-max-retries"],
  error: "is for asynchronous actions: send X-Async: true as well",
});

const TriggerBody = z.strictObject({
  action_name: Name,
  input: z.unknown().optional().meta({ description: "What the action is given: any JSON." }),
});

const Asked = z.strictObject({
  id: z.uuid(),
  statusUrl: z.string().meta({ description: "The path where the result can be fetched." }),
});

const Output = z.unknown().meta({ description: "What the action returned: any JSON of up to 2 MB." });

/** Actions: at once, at the cost of two statements beside what the function asks for (a third and fourth with a key), or later. */
export const actionEndpoints = (deps: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "post",
      path: "/action/trigger",
      unaudited: "what functions change is ascribed to their runs",
      tag: "Actions",
      says: "Run an action",
      more: "Without `X-Async` the answer is what the action returns; closing the connection ends it. Asynchronous actions run one at a time in an environment and begin within 24 hours; their results stay for 5 days.",
      client: "triggerAction",
      scope: "actions:execute",
      headers: TriggerHeaders,
      body: TriggerBody,
      bodyLimit: INPUT_LIMIT,
      answers: {
        200: { says: "What the action returned.", body: Output },
        202: {
          says: "The action will be run.",
          body: Asked,
          headers: { Location: "The path where the result can be fetched." },
        },
      },
      errors: ["unknown_connection", "not_found", "idempotency_key_reused", "action_in_progress", ...ACTION_FAILURES],
    },
    async ({ environment: { id: environment }, headers, body, res }) => {
      const { "x-max-retries": maxRetries = 0, "idempotency-key": key } = headers;
      const { action_name: name, input } = body;
      if (headers["x-async"] !== "true" && key === undefined) {
        const [integration, connection] = [headers["provider-config-key"], headers["connection-id"]];
        const asked = { connection: { environment, integration, connection }, name, input, signal: untilClosed(res) };
        return await answering(res, deps.runs.runAction(asked));
      }
      const connection = await connectionOf(deps, { environment: { id: environment }, headers });
      const asked = { environment, connection, name, input };
      if (headers["x-async"] !== "true" && key !== undefined)
        return await answering(res, deps.runs.actions.run({ ...asked, key }));
      const id = await deps.runs.actions.ask({ ...asked, maxRetries, key: key ?? null });
      res.status(202).location(`/action/${id}`);
      return { id, statusUrl: `/action/${id}` };
    },
  ),
  endpoint(
    {
      method: "get",
      path: "/action/:id",
      tag: "Actions",
      says: "The result of an asynchronous action",
      more: "A failed action is answered as if it had been waited for. `not_found` as long as it has not ended.",
      client: "getAsyncActionResult",
      scope: "actions:execute",
      params: z.strictObject({ id: z.uuid() }),
      answers: { 200: { says: "What the action returned.", body: Output } },
      errors: ["not_found", ...ACTION_FAILURES],
    },
    async ({ environment, params, res }) => {
      const find = async (): Promise<unknown> => {
        const ended = await deps.runs.actions.resultOf({ environment: environment.id, uid: params.id });
        if (ended === null) throw new AppError("not_found", "No action that has ended has this id.");
        return ended.value;
      };
      return await answering(res, find());
    },
  ),
];
