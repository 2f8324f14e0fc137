// Browsers may call from anywhere: the key, not the origin, decides.
import type { Request } from "express";
import type { Install } from "./deps.ts";

const EXPOSED = [
  "Authorization",
  "Etag",
  "Content-Type",
  "Content-Length",
  "X-Nango-Signature",
  "X-RateLimit-Limit",
  "X-RateLimit-Remaining",
  "X-RateLimit-Reset",
  "Retry-After",
].join(", ");

const METHODS = "GET,HEAD,POST,PUT,PATCH,DELETE,PROPFIND,REPORT";

/** A browser's own question beforehand; an OPTIONS without it may be meant for a provider. */
const isPreflight = (req: Request): boolean =>
  req.method === "OPTIONS" && req.get("access-control-request-method") !== undefined;

/** CORS headers on every answer; preflights are answered here. */
export const installCors: Install = (app) => {
  app.use((req, res, next) => {
    res.set({ "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED });
    if (!isPreflight(req)) return next();
    res.set({
      "Access-Control-Allow-Methods": METHODS,
      "Access-Control-Allow-Headers": req.get("access-control-request-headers") ?? "*",
      "Access-Control-Max-Age": "600",
    });
    res.status(204).end();
  });
};
