// uncontrolledFetch: one request to any public address, without the connection's credentials. Every hop of a redirect
// passes the address guard; what the function put into headers stays with the origin it is for.
import { AppError } from "../../errors.ts";
import type { HttpClient } from "../../outbound/client.ts";
import { callerHeaders, USER_AGENT } from "../../outbound/headers.ts";
import { networkError } from "../../outbound/network-error.ts";
import { exchangeFollowing } from "../../outbound/redirect.ts";
import { readResponse } from "../../outbound/response.ts";
import { METHODS, type ProxyResponse } from "../../outbound/types.ts";
import type { RunHost } from "./run-host.ts";

const isMethod: ReadonlySet<string> = new Set(METHODS);

type Asked = { url: string; method: string; headers: Record<string, string>; body: string | null };
type Answer = ProxyResponse & { url: string };

const parse = (text: unknown): URL => {
  const url = URL.canParse(String(text)) ? new URL(String(text)) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new AppError("url_not_allowed", "uncontrolledFetch takes an http or https URL.");
};

const headersOf = ({ headers, body }: Asked): Record<string, string> => ({
  accept: "*/*",
  ...(body === null ? {} : { "content-type": "text/plain;charset=UTF-8" }),
  ...callerHeaders(headers),
  "accept-encoding": "gzip, br, deflate",
  "user-agent": USER_AGENT,
});

const refusal = (thrown: unknown): unknown => {
  const { code, message } = thrown as { code?: unknown; message: string };
  if (code === "host_not_allowed") return new AppError("url_not_allowed", message, { cause: thrown });
  if (code === "ERR_TOO_MANY_REDIRECTS") return new AppError("too_many_redirects", message, { cause: thrown });
  return thrown;
};

const sayWhatCame = (host: RunHost, asked: { method: string; url: URL }, startedAt: number, came: number | string) => {
  const { method, url } = asked;
  const shown = url.origin + url.pathname; // a query may hold a key that nobody knows as one
  const [status, error] = typeof came === "number" ? [came, null] : [null, came];
  host.say({
    kind: "request",
    level: status === null || status >= 400 ? "warn" : "info",
    message: `${method} ${shown} ${came}`,
    detail: {
      method,
      url: shown,
      status,
      ms: Date.now() - startedAt,
      attempt: 1,
      ...(error === null ? {} : { error }),
    },
  });
};

/** `uncontrolledFetch({ url, method, headers, body })`: any answer resolves. Without a client there is no network here. */
export const uncontrolledFetch =
  (host: RunHost, o: { http: HttpClient | undefined; signal: AbortSignal }) =>
  async (asked: Asked): Promise<Answer> => {
    const { http, signal } = o;
    if (http === undefined) throw new AppError("url_not_allowed", "There is no network here.");
    const [url, method] = [parse(asked.url), String(asked.method).toUpperCase()];
    if (!isMethod.has(method)) throw new AppError("SL004", `uncontrolledFetch: the method ${method} is not supported`);
    await host.inOrder(() => host.writes.flush());
    const headers = headersOf(asked);
    const startedAt = Date.now();
    try {
      const raw = { method, url, headers, body: asked.body };
      const answer = await exchangeFollowing(http.exchange, raw, { keepHeaders: false }, signal);
      sayWhatCame(host, { method, url }, startedAt, answer.status);
      return { ...(await readResponse(answer, "arraybuffer", http.maxBodyBytes)), url: answer.url };
    } catch (thrown) {
      if (signal.aborted) throw new AppError("script_aborted", undefined, { cause: thrown });
      const error = refusal(networkError(thrown)) as { code: string };
      sayWhatCame(host, { method, url }, startedAt, error.code);
      throw error;
    }
  };
