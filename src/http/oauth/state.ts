// What ties the way back to the browser that left: a state in the URL and a cookie of this one attempt. Of both only the SHA-256
// is kept. A state that leaks, as URLs do, is worth nothing without the cookie; the cookie is sent to nobody else, and without it
// nobody can be made to finish what another began (login CSRF).
import { createHash, randomBytes } from "node:crypto";
import type { Request, Response } from "express";

const SECRET_BYTES = 32;
const MAX_AGE_S = 600;

export const newSecret = (): string => randomBytes(SECRET_BYTES).toString("base64url");

export const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();

// Over https no subdomain and no page without encryption can set a cookie of this prefix.
const nameOf = (stateHash: Buffer, isHttps: boolean): string =>
  `${isHttps ? "__Host-" : ""}syncline_flow_${stateHash.toString("hex").slice(0, 16)}`;

const write = (res: Response, redirectUri: string, stateHash: Buffer, value: string, maxAge: number): void => {
  const isHttps = redirectUri.startsWith("https:");
  const parts = [`${nameOf(stateHash, isHttps)}=${value}`, "Path=/", `Max-Age=${maxAge}`, "HttpOnly", "SameSite=Lax"];
  res.append("Set-Cookie", [...parts, ...(isHttps ? ["Secure"] : [])].join("; "));
};

/** Bind the flow to this browser; what its cookie holds. */
export const bindBrowser = (res: Response, redirectUri: string, stateHash: Buffer): string => {
  const browser = newSecret();
  write(res, redirectUri, stateHash, browser, MAX_AGE_S);
  return browser;
};

/** What the browser's cookie of this flow holds; undefined when it has none, or several. */
export const browserOf = (req: Request, redirectUri: string, stateHash: Buffer): string | undefined => {
  const name = nameOf(stateHash, redirectUri.startsWith("https:"));
  const found = (req.get("cookie") ?? "").split(";").map((pair) => pair.trim().split("="));
  const values = found.filter(([one]) => one === name).map(([, value = ""]) => value);
  return values.length === 1 ? values[0] : undefined;
};

/** The flow is over: its cookie goes. */
export const releaseBrowser = (res: Response, redirectUri: string, stateHash: Buffer): void =>
  write(res, redirectUri, stateHash, "", 0);
