// What an end user sees in the popup: one sentence about what happened and what to do. The page holds no token, lets nobody
// frame it, loads nothing, and takes the code out of the browser's history. It stays in the group of the window that opened
// it (COOP), as that window looks whether the popup is closed.
import { randomBytes } from "node:crypto";
import type { Response } from "express";
import { type Html, html } from "../docs/html.ts";

export type Shown = {
  title: string;
  says: string;
  /** A word for those who are asked for help. */
  code?: string;
  /** Nothing is left to read: it closes by itself. */
  closes?: boolean;
};

const CLOSES_AFTER_MS = 2_000;

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2530; --paper: #fff; --quiet: #56616e; --button: #1f5fbf; --on-button: #fff; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf1; --paper: #14181d; --quiet: #a3adb9; --button: #6ea8ff; --on-button: #0b1220; } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--paper); color: var(--ink);
  font: 17px/1.5 system-ui, sans-serif; }
main { max-width: 26rem; padding: 2rem; }
h1 { font-size: 1.35rem; margin: 0 0 .5rem; }
p { margin: 0 0 1rem; overflow-wrap: anywhere; }
.code { color: var(--quiet); font-size: .85rem; }
button { font: inherit; padding: .5rem 1.1rem; border: 0; border-radius: 6px; background: var(--button); color: var(--on-button); cursor: pointer; }
button:focus-visible { outline: 3px solid var(--ink); outline-offset: 2px; }
`;

const scriptOf = (closes: boolean): string => `
history.replaceState(null, "", location.pathname);
document.getElementById("close").addEventListener("click", () => window.close());
${closes ? `setTimeout(() => window.close(), ${CLOSES_AFTER_MS});` : ""}
`;

const asIs = (text: string): Html => ({ html: text });

const pageOf = ({ title, says, code, closes = false }: Shown, nonce: string): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style nonce="${nonce}">${asIs(STYLE)}</style>
</head>
<body>
<main role="${closes ? "status" : "alert"}">
<h1>${title}</h1>
<p>${says}</p>
${code !== undefined && html`<p class="code">${code}</p>`}
<button id="close" type="button">Close this window</button>
</main>
<script nonce="${nonce}">${asIs(scriptOf(closes))}</script>
</body>
</html>
`.html;

/** Headers of every answer on the way: nothing of it is kept, and no other site learns its URL. */
export const guard = (res: Response): Response =>
  res.set({
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "unsafe-none",
  });

/** Answers with the page. */
export const sendPage = (res: Response, status: number, shown: Shown): void => {
  const nonce = randomBytes(16).toString("base64");
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    `script-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
  guard(res).status(status).set("Content-Security-Policy", policy).type("html").send(pageOf(shown, nonce));
};
