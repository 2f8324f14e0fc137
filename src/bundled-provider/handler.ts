// Takes one HTTP request through admin, faults, sign-in, rate limit and rows, and sends what came of it.
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import { mapValues } from "es-toolkit/object/mapValues";
import { ZodError } from "zod";
import { AppError } from "../errors.ts";
import { type AdminDeps, answerAdmin } from "./admin.ts";
import { type Answer, type ApiRequest, failure, jsonObject, readBody } from "./answer.ts";
import type { Fault } from "./faults.ts";
import { answerResource } from "./resources.ts";
import { sendAnswer, sendTruncated } from "./send.ts";
import { countIn, notePage } from "./stats.ts";

type Deps = AdminDeps & { pageDelayMs: number; ending: AbortSignal };

/** From this machine, and not from a web page in its browser: pages send Origin. */
const isLocal = ({ socket, headers }: IncomingMessage) =>
  /^(127\.|::1$|::ffff:127\.)/.test(socket.remoteAddress ?? "") && headers.origin === undefined;

const readRequest = async (request: IncomingMessage): Promise<ApiRequest> => {
  const base = `http://${request.headers.host ?? "localhost"}`;
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://localhost");
  const body = await readBody(request);
  return { method: request.method ?? "GET", path: pathname, query: searchParams, headers: request.headers, body, base };
};

const routeName = ({ method, path }: ApiRequest) => {
  const [, version, kind, id] = path.split("/");
  if (version === "v1" && id !== undefined) return `${method} /v1/${kind}/:id`;
  return `${method} ${path}`;
};

const asAnswer = (error: unknown): Answer => {
  if (error instanceof AppError) return failure(error.status, error.code, error.message);
  if (!(error instanceof ZodError)) return failure(500, "internal", String(error));
  return failure(
    400,
    "invalid_body",
    error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; "),
  );
};

const tokenForm = ({ headers, body }: ApiRequest): URLSearchParams => {
  if (!headers["content-type"]?.includes("json")) return new URLSearchParams(body);
  return new URLSearchParams(mapValues(jsonObject(body), String));
};

const answerApi = (deps: Deps, request: ApiRequest): Answer => {
  if (request.path === "/oauth/token" && request.method === "POST") return deps.auth.grant(request, tokenForm(request));
  const consent = deps.auth.consent(request);
  if (consent !== undefined) return consent;
  const signedIn = deps.auth.check(request);
  if ("status" in signedIn) {
    deps.stats.unauthorized += 1;
    return signedIn;
  }
  const { isAllowed, headers } = deps.rateLimit.take(signedIn.caller);
  if (!isAllowed) {
    deps.stats.rateLimited += 1;
    return { ...failure(429, "rate_limited", "Too many requests in this window."), headers };
  }
  const answer = answerResource(deps.world, request);
  return { ...answer, headers: { ...headers, ...answer.headers } };
};

const answerOrRefuse = (answer: () => Answer): Answer => {
  try {
    return answer();
  } catch (error) {
    return asAnswer(error);
  }
};

const faultStatus = (status: number, ms: number | undefined): Answer => ({
  ...failure(status, "fault_on_request", `Acme was asked to answer ${status}.`),
  headers: ms === undefined ? {} : { "retry-after": String(Math.ceil(ms / 1000)) },
});

/** Serves Acme. The promise of each request ends when its answer is on its way, or nothing more will be sent. */
export const createHandler = (deps: Deps) => {
  const { stats, faults, betweenPages, ending, pageDelayMs } = deps;

  const spoil = async ({ kind, ms }: Fault, response: ServerResponse): Promise<boolean> => {
    countIn(stats.faults, String(kind));
    if (kind === "truncate") return false;
    if (kind === "slow") {
      await delay(ms ?? 1000, undefined, { signal: ending });
      return false;
    }
    if (kind === "reset") response.socket?.resetAndDestroy();
    else if (kind !== "timeout") await sendAnswer(response, faultStatus(kind, ms));
    else if (ms !== undefined) {
      await delay(ms, undefined, { signal: ending });
      response.destroy();
    }
    return true;
  };

  const serve = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = await readRequest(incoming);
    const { method, path } = request;
    if (path.startsWith("/admin/")) {
      const isRefused = !isLocal(incoming);
      const refusal = failure(403, "forbidden", "The admin API answers this machine only.");
      return sendAnswer(response, isRefused ? refusal : answerOrRefuse(() => answerAdmin(deps, request)));
    }
    const at = stats.total++;
    countIn(stats.requests, routeName(request));
    const header = incoming.headers["x-acme-fault"];
    const fault = faults.pick({ method, path, header: typeof header === "string" ? header : undefined });
    if (fault && (await spoil(fault, response))) return;
    const answer = answerOrRefuse(() => answerApi(deps, request));
    if (fault?.kind === "truncate") return sendTruncated(response, answer);
    if (answer.page) {
      notePage(stats, { path, query: request.query.toString(), rows: answer.page.rows, at });
      betweenPages.afterPage(answer.page.kind);
      if (pageDelayMs > 0) await delay(pageDelayMs, undefined, { signal: ending });
    }
    return sendAnswer(response, answer);
  };

  return (request: IncomingMessage, response: ServerResponse): void => {
    const giveUp = () => response.destroy();
    serve(request, response).catch((error: unknown) => {
      if (response.headersSent || response.destroyed || ending.aborted) giveUp();
      else sendAnswer(response, asAnswer(error)).catch(giveUp);
    });
  };
};
