// What Syncline asks an API by itself when a connection is made: no business of the functions under test here.
import { isDeepStrictEqual } from "node:util";
import { loadCatalogue } from "../../src/providers/catalogue.ts";
import type { Seen } from "../outbound/server.ts";

const catalogue = loadCatalogue({ files: [] });

/** Whether a request is one of the provider's `after_connecting`. */
export const isAfterConnecting = (provider: string, { method, url, body }: Pick<Seen, "method" | "url" | "body">) =>
  (catalogue.get(provider)?.after_connecting ?? []).some(
    (one) =>
      one.url === url &&
      (one.method ?? "GET") === method &&
      (one.data === undefined || isDeepStrictEqual(one.data, JSON.parse(body.toString()))),
  );
