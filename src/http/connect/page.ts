// GET /connect: the page where end users connect, its scripts and its style. They are files as they stand in page/, and load
// nothing from elsewhere. Opened by a link with a session's token it refuses to stand in anybody's frame. The published frontend
// opens it in one without a token and hands that over by a message, so there is nothing to click in another's frame.
import { readFileSync } from "node:fs";
import path from "node:path";
import express, { type Express, type Response } from "express";
import type { AccessSettings } from "../deps.ts";

const FOLDER = path.join(import.meta.dirname, "page");

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
];

const guard = (res: Response, ancestors: string): Response =>
  res.set({
    "Content-Security-Policy": [...POLICY, `frame-ancestors ${ancestors}`].join("; "),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    ...(ancestors === "'none'" && { "X-Frame-Options": "DENY" }),
  });

/** Adds the page. */
export const installConnectPage = (app: Express, { connectOrigins }: AccessSettings = {}): void => {
  const page = readFileSync(path.join(FOLDER, "connect.html"), "utf8");
  const framers = connectOrigins === undefined ? "*" : connectOrigins.join(" ") || "'none'";
  // Relative, so that it also works behind a path of a proxy.
  const pageAt = (at: string): string => page.replaceAll("ASSETS", at.endsWith("/") ? "assets" : "connect/assets");
  app.get("/connect", (req, res) => {
    guard(res, "session_token" in req.query ? "'none'" : framers);
    res.set("Cache-Control", "no-store").type("html").send(pageAt(req.path));
  });
  app.use(
    "/connect/assets",
    express.static(FOLDER, {
      index: false,
      redirect: false,
      cacheControl: false,
      setHeaders: (res) => guard(res as Response, "'none'").set("Cache-Control", "no-cache"),
    }),
  );
};
