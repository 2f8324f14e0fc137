// What is signed, piece by piece, so that the body stays the bytes that came.
import type { WebhookRequest } from "../types.ts";

export const signedPieces = (
  template: string[],
  { method, url, headers, body }: WebhookRequest,
  secret: string,
  timestamp = "",
): (string | Buffer)[] =>
  template.map((piece) => {
    switch (piece) {
      case "{body}":
        return body;
      case "{timestamp}":
        return timestamp;
      case "{method}":
        return method;
      case "{url}":
        return url;
      case "{secret}":
        return secret;
      default:
        return piece.startsWith("{header:") ? (headers[piece.slice(8, -1)] ?? "") : piece;
    }
  });
