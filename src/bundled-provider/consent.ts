// The page on which Acme asks whether an app may see an account, and the codes it sends people back with (RFC 6749, section 4.1,
// with PKCE, RFC 7636). Nobody signs in: whoever sees the page is Acme's one user.
import { createHash, randomUUID } from "node:crypto";
import { escape as escapeHtml } from "es-toolkit/string/escape";
import { type Answer, type ApiRequest, failure } from "./answer.ts";

const KEPT = ["client_id", "redirect_uri", "state", "scope", "code_challenge", "code_challenge_method"];
const MOST_CODES = 1_000;

type Code = { redirectUri: string; challenge: string | undefined };

const PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Acme: allow access?</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 24rem; margin: 15vh auto 0; padding: 0 1.25rem }
h1 { font-size: 1.4rem }
button { font: inherit; padding: .6rem 1.4rem; margin: 1rem .5rem 0 0 }
</style>
<main><h1>Allow access to your Acme account?</h1>
<p>The app may read and change your contacts, companies and tickets.</p>
<form action="/oauth/decision">FIELDS
<button name="decision" value="allow">Allow</button><button name="decision" value="deny">Deny</button></form></main></html>
`;

const backTo = (query: URLSearchParams): URL | undefined => {
  const url = URL.parse(query.get("redirect_uri") ?? "");
  return url !== null && /^https?:$/.test(url.protocol) ? url : undefined;
};

/** Pages and codes; a code is good once, for the address and the verifier it was asked for with. */
export const createConsent = ({ clientId }: { clientId: string }) => {
  const codes = new Map<string, Code>();

  const refuse = ({ query }: ApiRequest): Answer | undefined => {
    if (query.get("client_id") !== clientId) return failure(400, "invalid_client", "There is no such client.");
    if (backTo(query) === undefined) return failure(400, "invalid_request", "redirect_uri must be an http address.");
    if (query.has("code_challenge") && query.get("code_challenge_method") !== "S256")
      return failure(400, "invalid_request", "code_challenge_method must be S256.");
    return undefined;
  };

  const ask = ({ query }: ApiRequest): Answer => {
    const fields = KEPT.flatMap((name) => {
      const value = query.get(name);
      return value === null ? [] : [`<input type="hidden" name="${name}" value="${escapeHtml(value)}">`];
    });
    const headers = {
      "content-type": "text/html; charset=utf-8",
      "x-frame-options": "DENY",
      "cache-control": "no-store",
    };
    return { status: 200, headers, text: PAGE.replace("FIELDS", () => fields.join("")) };
  };

  const decide = ({ query }: ApiRequest): Answer => {
    const back = backTo(query)!;
    const state = query.get("state");
    if (state !== null) back.searchParams.set("state", state);
    if (query.get("decision") === "allow") {
      const code = randomUUID();
      if (codes.size >= MOST_CODES) codes.clear();
      codes.set(code, {
        redirectUri: query.get("redirect_uri")!,
        challenge: query.get("code_challenge") ?? undefined,
      });
      back.searchParams.set("code", code);
    } else back.searchParams.set("error", "access_denied");
    return { status: 302, headers: { location: back.href, "cache-control": "no-store" } };
  };

  return {
    /** GET /oauth/authorize and /oauth/decision; undefined for any other request. */
    answer: (request: ApiRequest): Answer | undefined => {
      if (request.method !== "GET") return undefined;
      if (request.path === "/oauth/authorize") return refuse(request) ?? ask(request);
      return request.path === "/oauth/decision" ? (refuse(request) ?? decide(request)) : undefined;
    },
    /** True once for a code that was given out for this address and this verifier. */
    spend: (form: URLSearchParams): boolean => {
      const found = codes.get(form.get("code") ?? "");
      codes.delete(form.get("code") ?? "");
      if (found === undefined || found.redirectUri !== form.get("redirect_uri")) return false;
      const verifier = form.get("code_verifier") ?? "";
      return (
        found.challenge === undefined || createHash("sha256").update(verifier).digest("base64url") === found.challenge
      );
    },
  };
};
