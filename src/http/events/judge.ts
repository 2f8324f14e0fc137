// POST /events/:uid/judge: a refused webhook judged again, once the secret was mended it is signed with.
// A signature's time is held against the time of its arrival: what was fresh then was no replay, and later all would be too old.
import { z } from "zod";
import { acceptRefused, getEvent } from "../../db/events.ts";
import { AppError } from "../../errors.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { createJudging } from "../webhooks-in/judging.ts";
import { dedupeKey, storedId } from "../webhooks-in/store.ts";
import { createFindTarget } from "../webhooks-in/target.ts";
import { refusing } from "./refusing.ts";
import { EventId, Verdict } from "./shapes.ts";
import { openRequest } from "./shown-request.ts";

const Judged = z.strictObject({
  accepted: z.boolean().meta({ description: "True: it waits to be handled." }),
  verdict: Verdict,
  reason: z.string().nullable(),
  message: z.string().nullable(),
});

/** Judging again. */
export const eventJudgeEndpoints = (deps: HttpDeps): Endpoint[] => {
  const { db, keys } = deps;
  const findTarget = createFindTarget(deps);
  const judge = createJudging(deps);
  return [
    endpoint(
      {
        method: "post",
        path: "/events/:uid/judge",
        unaudited: "what came once is handled again; nothing is configured",
        tag: "Received webhooks",
        says: "Judge a refused webhook of a provider again",
        more: "With the secrets of now, and as if it came when it came. When its signature is right it is handled like any other.",
        scope: "webhooks:write",
        params: EventId,
        answers: { 200: { says: "What came of it.", body: Judged } },
        errors: ["not_found", "cannot_handle_event", ["unknown_provider_config", 404]],
      },
      async ({ environment, params: { uid } }) => {
        const event = await getEvent(db, { environment: environment.id, uid });
        if (event === null) throw new AppError("not_found");
        if (event.state !== "refused") throw new AppError("cannot_handle_event", "It was not refused.");
        const request = await openRequest(keys, environment.id, event);
        if (request === null) throw new AppError("cannot_handle_event", "Its content is gone.");
        const at = { environmentUuid: environment.uid, providerConfigKey: event.provider_config_key };
        const target = await findTarget(at);
        if (target === undefined) throw new AppError("cannot_handle_event", "Its provider has no webhooks any more.");
        const judgement = await judge(target, request, Date.parse(event.received_at));
        if (judgement.kind === "answered") throw new AppError("cannot_handle_event", "It only asks for an answer.");
        if (judgement.kind === "refused") {
          const { reason, message } = judgement;
          return { accepted: false, verdict: "refused" as const, reason, message };
        }
        const { isVerified, deliveryId, parts } = judgement;
        const verdict = isVerified ? ("verified" as const) : ("unverified" as const);
        const taken = { event: event.id, verdict, deliveryId: storedId(deliveryId), parts };
        await refusing(acceptRefused(db, { ...taken, dedupeKey: dedupeKey({ target, request, deliveryId, parts }) }));
        return { accepted: true, verdict, reason: null, message: null };
      },
    ),
  ];
};
