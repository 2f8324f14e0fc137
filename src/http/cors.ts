// Browsers may call from anywhere: the key, not the origin, decides.
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
].join(", ");

/** CORS headers on every answer; preflights are answered here. */
export const installCors: Install = (app) => {
  app.use((req, res, next) => {
    res.set({ "Access-Control-Allow-Origin": "*", "Access-Control-Expose-Headers": EXPOSED });
    if (req.method !== "OPTIONS") return next();
    res.set({
      "Access-Control-Allow-Methods": "GET,POST,PUT,PATCH,DELETE",
      "Access-Control-Allow-Headers": req.get("access-control-request-headers") ?? "*",
      "Access-Control-Max-Age": "600",
    });
    res.status(204).end();
  });
};
