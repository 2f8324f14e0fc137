// ANY /proxy/*: a request to the provider with the connection's credentials, passed through in both directions as it comes.
import type { Response } from "express";
import { z } from "zod";
import { AppError } from "../../errors.ts";
import { createRedactor } from "../../functions/host/redact.ts";
import { attemptLine } from "../../outbound/attempt-line.ts";
import type { ForwardAnswer } from "../../outbound/forward.ts";
import { type RequestAttempt, UpstreamError } from "../../outbound/types.ts";
import { untilClosed } from "../closed.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint, type Spec } from "../endpoint.ts";
import { sendAnswer } from "./answer.ts";
import { proxyError } from "./errors.ts";
import { forwardRequestOf, ProxyHeaders } from "./request.ts";
import { type Asked, createGetTarget } from "./target.ts";

// Somebody waits: for a limit of the whole account a minute, before another attempt as long as the longest of our own waits.
const LONGEST_HOLD_MS = 60_000;
const LONGEST_WAIT_MS = 600_000;

// Only described: what is sent is the path as it stands in the request, not as the router decodes it.
const Path = z.object({
  path: z.array(z.string()).meta({ override: { type: "string" }, description: "What follows the base URL." }),
});

const Anything = z.unknown().meta({ id: "ProviderAnswer", description: "Whatever the provider answers." });

const SPEC = {
  method: "all",
  unaudited: "it changes nothing here; requests stand in the log",
  tag: "Proxy",
  says: "A request to the provider, with the connection's credentials",
  more: `The path and the query follow the provider's base URL byte for byte. Headers named \`nango-proxy-<name>\` go to the
provider as \`<name>\` and win over what the credentials add; of the others only those that say what the body is.
The provider's status, headers and body come back as they are; the codes below are for when there is no answer. Bodies pass as they
come, in both directions, of any size. An attempt is repeated while its body can be sent again: of up to 1 MB always, of more only
while no more than that was sent.`,
  client: "proxy",
  scope: "proxy",
  headers: ProxyHeaders,
  raw: true,
  answers: { 200: { says: "The provider's answer.", body: Anything, type: "*/*" } },
  otherwise: { says: "The provider's answer, with the provider's status.", body: Anything, type: "*/*" },
  errors: [
    ["unknown_provider_config", 404],
    ["server_error", 400],
    "missing_api_url",
    "unsupported_provider",
    "base_url_override_disabled",
    "base_url_override_not_allowed",
    "host_not_allowed",
    "invalid_redirect",
    "too_many_redirects",
    "invalid_credentials",
    "refresh_token_external_error",
    "connection_refresh_backoff",
    "connection_refresh_exhausted",
    "request_too_large",
    "provider_unreachable",
    "provider_rate_limited",
  ],
} as const satisfies Omit<Spec, "path">;

/** Writes each attempt to the log, in the environment's name and without what the credentials hold. */
const createSay = ({ runs }: HttpDeps, { environment }: Asked) => {
  const redactor = createRedactor();
  let connection_id: number | null = null;
  return {
    learn: (target: { account?: { connection: number }; credentials: Record<string, unknown> }): void => {
      redactor.learn(target.credentials);
      connection_id = target.account?.connection ?? null;
    },
    say: (line: ReturnType<typeof attemptLine>): void =>
      runs.logs.write({ environment_id: environment.id, connection_id, ...(redactor.redact(line) as typeof line) }),
  };
};

/**
 * Passes requests on. One statement each for the connection (two for the kinds that sign with the integration's client), and
 * one for all their log lines of a fifth of a second.
 */
export const proxyEndpoints = (deps: HttpDeps): Endpoint[] => {
  const { refusesBaseUrls } = deps.access ?? {};

  const pass = async (asked: Asked, res: Response): Promise<void> => {
    if (refusesBaseUrls && asked.headers["base-url-override"] !== undefined)
      throw new AppError("base_url_override_disabled");
    const request = forwardRequestOf(res.req, asked.headers);
    const { learn, say } = createSay(deps, asked);
    const signal = untilClosed(res);
    let last: RequestAttempt | undefined;
    let answer: ForwardAnswer | undefined;
    let isBroken = false;
    const options = {
      signal,
      longestHoldMs: LONGEST_HOLD_MS,
      longestWaitMs: LONGEST_WAIT_MS,
      onAttempt: (attempt: RequestAttempt) => {
        last = attempt;
        say(attemptLine(attempt));
      },
    };
    try {
      answer = await deps.runs.forward(request, createGetTarget(deps, asked, learn), options);
      answer.body.once("error", () => {
        isBroken = !signal.aborted; // afterwards both ends are broken, whichever was first
      });
      await sendAnswer(res, answer);
    } catch (error) {
      // Whoever reads the answer sees it end too early; here the log says why.
      if (isBroken && last !== undefined) say(attemptLine({ ...last, status: null, error: "broke off" }));
      if (signal.aborted || res.headersSent) return;
      if (error instanceof UpstreamError && error.response !== undefined) res.set(error.response.headers);
      throw proxyError(error, { isOverridden: request.baseUrlOverride !== undefined });
    } finally {
      answer?.body.destroy();
      void request.body?.drain(); // unread it would keep the caller, who may not look at our answer before its end
    }
  };

  const handle = async ({ res, ...asked }: Asked & { res: Response }): Promise<undefined> => {
    await pass(asked, res);
  };
  return [
    endpoint({ ...SPEC, path: "/proxy/*path", params: Path }, handle),
    endpoint({ ...SPEC, path: "/proxy" }, handle),
  ];
};
