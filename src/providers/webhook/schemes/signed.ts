// What is signed, piece by piece, so that the body stays the bytes that came.
import { parse } from "node:querystring";
import type { WebhookRequest } from "../types.ts";

// HubSpot signs the address with these escapes undone, and no others; the question mark only behind the first.
const HUBSPOT = /%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)/gi;
const undoEscapes = (url: string): string => url.replace(HUBSPOT, decodeURIComponent);

/** Twilio signs names and values of a form, sorted by name, without anything between. */
const sortedForm = (body: Buffer): string => {
  const fields = parse(body.toString("utf8"));
  const names = Object.keys(fields).sort();
  return names
    .map((name) =>
      [fields[name] ?? ""]
        .flat()
        .map((value) => name + value)
        .join(""),
    )
    .join("");
};

const PIECES: Record<string, (request: WebhookRequest, secret: string, timestamp: string) => string | Buffer> = {
  "{body}": ({ body }) => body,
  "{form}": ({ body }) => sortedForm(body),
  "{method}": ({ method }) => method,
  "{url}": ({ url }) => url,
  "{urlUnescaped}": ({ url }) => undoEscapes(url),
  "{secret}": (_request, secret) => secret,
  "{timestamp}": (_request, _secret, timestamp) => timestamp,
};

/** What goes into a hash, in the order of the template. */
export const signedPieces = (
  template: string[],
  request: WebhookRequest,
  secret: string,
  timestamp = "",
): (string | Buffer)[] => template.map((piece) => PIECES[piece]?.(request, secret, timestamp) ?? piece);
