// GET /openapi.json, /docs and /docs/errors: the API's own description, for programs and for people. Without a key: it says
// nothing that the source does not.
import { createHash } from "node:crypto";
import type { Response } from "express";
import { z } from "zod";
import manifest from "../../../package.json" with { type: "json" };
import { type Endpoint, endpoint, type Spec } from "../endpoint.ts";
import { describeApi } from "./openapi.ts";
import { errorsPage, operationsPage } from "./pages.ts";
import { POLICY } from "./style.ts";

type Kept = { text: string; etag: string };

// Express compares the ETag with what the request has and answers 304 by itself.
const send = (res: Response, type: string, { text, etag }: Kept): void => {
  res.set({ ETag: etag, "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff" }).type(type).send(text);
};

/** Makes a text when it is first asked for. */
const kept = (make: () => string): (() => Kept) => {
  let found: Kept | undefined;
  return () => {
    if (found === undefined) {
      const text = make();
      found = { text, etag: `"${createHash("sha256").update(text).digest("base64url")}"` };
    }
    return found;
  };
};

const HEADERS = { ETag: "Changes with the content; `If-None-Match` is answered 304." };
const UNCHANGED = { says: "It is what you have." };

const shared = { method: "get", tag: "Service", access: "open" } as const satisfies Partial<Spec>;

/** The description of all endpoints, these among them. Nothing is read from the database. */
export const descriptionEndpoints = (all: () => Endpoint[]): Endpoint[] => {
  const describe = () => describeApi(all(), manifest.version);
  const document = kept(() => JSON.stringify(describe()));
  const pages = [
    { path: "/docs", says: "The operations, as a page", page: kept(() => operationsPage(describe())) },
    { path: "/docs/errors", says: "The error codes, as a page", page: kept(() => errorsPage(describe())) },
  ];
  return [
    endpoint(
      {
        ...shared,
        path: "/openapi.json",
        says: "This document",
        answers: {
          200: { says: "OpenAPI 3.1.", body: z.looseObject({ openapi: z.string() }), headers: HEADERS },
          304: UNCHANGED,
        },
      },
      ({ res }) => {
        send(res, "application/json", document());
        return undefined;
      },
    ),
    ...pages.map(({ path, says, page }) =>
      endpoint(
        {
          ...shared,
          path,
          says,
          more: "Works without a network; the page loads and runs nothing.",
          answers: { 200: { says: "HTML.", body: z.string(), type: "text/html", headers: HEADERS }, 304: UNCHANGED },
        },
        ({ res }) => {
          res.set("Content-Security-Policy", POLICY);
          send(res, "text/html", page());
          return undefined;
        },
      ),
    ),
  ];
};
