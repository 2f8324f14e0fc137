// One webhook: where it goes, what it brings, what its provider's rule says of it, a row, and only then the answer.
import type { Request, Response } from "express";
import { AppError } from "../../errors.ts";
import type { Judgement, WebhookAnswer, WebhookRequest } from "../../providers/webhook/types.ts";
import { createInboxBell } from "../../runs/doorbell.ts";
import { baseUrl } from "../base-url.ts";
import { readBytes } from "../body.ts";
import type { HttpDeps } from "../deps.ts";
import { createHold } from "./hold.ts";
import { createJudging } from "./judging.ts";
import { createNotes } from "./notes.ts";
import { createStore } from "./store.ts";
import type { Address, Target } from "./target.ts";
import { createTargets } from "./targets.ts";

/** GitHub sends up to 25 MB, more than any other provider that says. */
export const BODY_LIMIT = 25 * 1024 * 1024;

const checkEncoding = (req: Request): void => {
  const encoding = req.get("content-encoding") ?? "identity";
  if (encoding !== "identity") throw new AppError("invalid_content_type", "Compressed bodies are not accepted here.");
};

const plainHeaders = ({ headers }: Request): Record<string, string> => {
  const plain: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain[name] = typeof value === "string" ? value : value.join(", ");
  }
  return plain;
};

const readRequest = (req: Request, body: Buffer, publicUrl: string | undefined): WebhookRequest => {
  const [, search = ""] = req.originalUrl.split(/\?(.*)/s);
  return {
    method: req.method as "GET" | "POST",
    url: baseUrl(req, publicUrl) + req.originalUrl,
    query: Object.fromEntries(new URLSearchParams(search)),
    headers: plainHeaders(req),
    body,
  };
};

const send = (res: Response, { status, headers = {}, body }: WebhookAnswer): void => {
  res.writeHead(status, body === undefined ? headers : { ...headers, "content-length": Buffer.byteLength(body) });
  res.end(body);
};

const refusal = (status: number, message: string): WebhookAnswer => ({
  status,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ error: message }),
});

/** Takes webhooks. One statement each, shared with all others that come meanwhile; what is answered with 2xx is committed. */
export const createReceive = (deps: HttpDeps) => {
  const { db, runs, access } = deps;
  const targets = createTargets(deps);
  const store = createStore({ db, onStored: createInboxBell(deps) });
  const notes = createNotes(runs.logs);
  const judge = createJudging(deps);
  const hold = createHold();

  /** The judgement, by what the target is where it is not an acceptance. Undefined when the provider has no rule any more. */
  const judgeBy = async (recalled: Target | undefined, at: Address, request: WebhookRequest) => {
    const judgement = recalled && (await judge(recalled, request, Date.now()));
    if (judgement?.kind === "accepted") return { target: recalled as Target, judgement };
    const target = await targets.find(at);
    if (target === undefined) return undefined;
    if (judgement && recalled?.version === target.version) return { target, judgement };
    return { target, judgement: await judge(target, request, Date.now()) };
  };

  /** Does what the judgement says; undefined when the target was outdated and nothing was done. */
  const settle = async (
    { target, judgement }: { target: Target; judgement: Judgement },
    request: WebhookRequest,
  ): Promise<WebhookAnswer | undefined> => {
    if (judgement.kind === "answered") return judgement.answer;
    if (judgement.kind === "refused") {
      const { status, reason, message } = judgement;
      if (notes.mayNote(target)) {
        const refused = { target, request, reason, isVerified: false, deliveryId: undefined, parts: [] };
        if ((await store(refused)) === "outdated") return undefined;
        notes.note(target, `a webhook of ${target.uniqueKey} was refused: ${reason}`, { reason });
      }
      return refusal(status, message);
    }
    const { isVerified, deliveryId, parts, answer } = judgement;
    const stored = await store({ target, request, reason: null, isVerified, deliveryId, parts });
    if (stored === "outdated") return undefined;
    if (stored === "changed" && notes.mayNote(target))
      notes.note(target, `a webhook of ${target.uniqueKey} came again with another body: the first one counts`, {
        delivery: deliveryId ?? "",
      });
    return answer;
  };

  const take = async (recalled: Target | undefined, at: Address, request: WebhookRequest): Promise<WebhookAnswer> => {
    const judged = await judgeBy(recalled, at, request);
    if (judged === undefined) return { status: 204 };
    return (await settle(judged, request)) ?? (await take(undefined, at, request));
  };

  return async (at: Address, req: Request, res: Response): Promise<void> => {
    const recalled = await targets.recall(at);
    const takesMethod = (target: Target): boolean => target.rule.methods.some((method) => method === req.method);
    const target = recalled && takesMethod(recalled) ? recalled : await targets.find(at);
    if (target === undefined) {
      res.status(204).end();
      return;
    }
    if (!takesMethod(target)) throw new AppError("method_not_allowed");
    checkEncoding(req);
    const held = hold();
    try {
      const body = await readBytes(req, BODY_LIMIT, held.add);
      send(res, await take(target, at, readRequest(req, body, access?.publicUrl)));
    } finally {
      held.end();
    }
  };
};
