// One webhook: where it goes, what it brings, what its provider's rule says of it, a row, and only then the answer.
import type { Request, Response } from "express";
import { AppError } from "../../errors.ts";
import type { WebhookAnswer, WebhookRequest } from "../../providers/webhook/types.ts";
import { createInboxBell } from "../../runs/doorbell.ts";
import { baseUrl } from "../base-url.ts";
import { readBytes } from "../body.ts";
import type { HttpDeps } from "../deps.ts";
import { createHold } from "./hold.ts";
import { createJudging } from "./judging.ts";
import { createNotes } from "./notes.ts";
import { createStore } from "./store.ts";
import { type Address, createFindTarget, type Target } from "./target.ts";

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

/** Takes webhooks. Two statements each, shared with all others that come meanwhile; what is answered with 2xx is committed. */
export const createReceive = (deps: HttpDeps) => {
  const { db, runs, access } = deps;
  const findTarget = createFindTarget(deps);
  const store = createStore({ db, onStored: createInboxBell(deps) });
  const notes = createNotes(runs.logs);
  const judge = createJudging(deps);
  const hold = createHold();

  const take = async (target: Target, request: WebhookRequest): Promise<WebhookAnswer> => {
    const judgement = await judge(target, request, Date.now());
    if (judgement.kind === "answered") return judgement.answer;
    if (judgement.kind === "refused") {
      const { status, reason, message } = judgement;
      if (notes.mayNote(target)) {
        await store({ target, request, reason, isVerified: false, deliveryId: undefined, parts: [] });
        notes.note(target, `a webhook of ${target.uniqueKey} was refused: ${reason}`, { reason });
      }
      return refusal(status, message);
    }
    const { isVerified, deliveryId, parts, answer } = judgement;
    const stored = await store({ target, request, reason: null, isVerified, deliveryId, parts });
    if (stored === "changed" && notes.mayNote(target))
      notes.note(target, `a webhook of ${target.uniqueKey} came again with another body: the first one counts`, {
        delivery: deliveryId ?? "",
      });
    return answer;
  };

  return async (at: Address, req: Request, res: Response): Promise<void> => {
    const target = await findTarget(at);
    if (target === undefined) {
      res.status(204).end();
      return;
    }
    if (!target.rule.methods.some((method) => method === req.method)) throw new AppError("method_not_allowed");
    checkEncoding(req);
    const held = hold();
    try {
      const body = await readBytes(req, BODY_LIMIT, held.add);
      send(res, await take(target, readRequest(req, body, access?.publicUrl)));
    } finally {
      held.end();
    }
  };
};
