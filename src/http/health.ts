// Is the process there, and can it work? Both without a key.
import type { Install } from "./deps.ts";

/** GET /health answers as soon as the process listens; GET /ready is 503 until it is migrated and working. */
export const installHealth: Install = (app, { ready }) => {
  app.get("/health", (_req, res) => {
    res.json({ result: "ok" });
  });
  app.get("/ready", (_req, res) => {
    const isReady = ready();
    res.status(isReady ? 200 : 503).json({ result: isReady ? "ok" : "starting" });
  });
};
