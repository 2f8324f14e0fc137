// GET /graphiql: a page to try GraphQL with, outside production. It is Altair (7 MB, one package without dependencies; the
// explorer of PostGraphile weighs 290 MB with its editor): everything it loads comes from us, and it may ask nobody else.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import express, { type Express, type Response } from "express";
import { explorerPage, START_SCRIPT } from "./explorer-page.ts";

const PATH = "/graphiql";
const YEAR_MS = 365 * 24 * 3_600_000;

// Styles are set on elements by Altair's framework; code runs only from files of ours.
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "manifest-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const guard = (res: Response): Response =>
  res.set({ "Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer" });

/** Adds the explorer. Its files are read when they are asked for. */
export const installExplorer = (app: Express): void => {
  const dist = path.join(
    path.dirname(createRequire(import.meta.url).resolve("altair-static/package.json")),
    "build/dist",
  );
  app.get(PATH, (_req, res) => {
    const page = explorerPage(readFileSync(path.join(dist, "index.html"), "utf8"));
    guard(res).set("Cache-Control", "no-cache").type("html").send(page);
  });
  app.get(`${PATH}/start.js`, (_req, res) => {
    guard(res).set("Cache-Control", "no-cache").type("text/javascript").send(START_SCRIPT);
  });
  app.use(
    PATH,
    express.static(dist, {
      index: false,
      redirect: false,
      setHeaders: (res, file) => {
        guard(res as Response);
        // Files that are named by what is in them never change.
        const isNamedByContent = /(chunk|worker)-[A-Z0-9]{8}\.js$|[/\\]media[/\\]/.test(file);
        res.setHeader("Cache-Control", isNamedByContent ? `max-age=${YEAR_MS / 1_000}, immutable` : "max-age=3600");
      },
    }),
  );
};
