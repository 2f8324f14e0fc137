// GET /openapi.json: the API's own description.
import type { Express } from "express";
import manifest from "../../package.json" with { type: "json" };
import type { Endpoint } from "./endpoint.ts";
import { describeApi } from "./openapi.ts";

/** Serves the document, made when it is first asked for. */
export const installOpenApi = (app: Express, endpoints: Endpoint[]): void => {
  let document: ReturnType<typeof describeApi> | undefined;
  app.get("/openapi.json", (_req, res) => {
    document ??= describeApi(endpoints, manifest.version);
    res.json(document);
  });
};
