// From bytes to what a function sees: decompressed, decoded, parsed once.
import { promisify } from "node:util";
import zlib from "node:zlib";
import { type RawResponse, tooLarge } from "./client.ts";
import { truncated } from "./network-error.ts";
import type { ProxyResponse, ResponseType } from "./types.ts";

type Decoder = (body: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

const DECODERS: Record<string, Decoder> = {
  gzip: promisify(zlib.gunzip) as Decoder,
  "x-gzip": promisify(zlib.gunzip) as Decoder,
  br: promisify(zlib.brotliDecompress) as Decoder,
  zstd: promisify(zlib.zstdDecompress) as Decoder,
  // Servers disagree whether deflate has a zlib header: 0x78 as the first byte means that it has.
  deflate: (body, options) =>
    body[0] === 0x78 ? promisify(zlib.inflate)(body, options) : promisify(zlib.inflateRaw)(body, options),
};

const BINARY = new Set<ResponseType | undefined>(["arraybuffer", "blob", "stream"]);

const decompress = async (body: Buffer, encodings: string[], maxBytes: number): Promise<Buffer> => {
  let bytes = body;
  for (const encoding of encodings.reverse()) {
    const decode = DECODERS[encoding];
    if (decode === undefined) continue;
    try {
      bytes = await decode(bytes, { maxOutputLength: maxBytes });
    } catch (error) {
      throw (error as { code?: string }).code === "ERR_BUFFER_TOO_LARGE" ? tooLarge(maxBytes) : truncated(error);
    }
  }
  return bytes;
};

const decode = (body: Buffer, contentType: string): string => {
  const charset = /charset="?([^";\s]+)/i.exec(contentType)?.[1] ?? "utf-8";
  try {
    return new TextDecoder(charset).decode(body);
  } catch {
    return new TextDecoder().decode(body);
  }
};

const parse = (text: string, { headers }: RawResponse): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    // Neither a length nor chunks: only the closed connection ended this body, and half of a page must not pass for an answer.
    const isFramed = "content-length" in headers || "transfer-encoding" in headers;
    if (!isFramed && headers["content-type"]?.includes("json") && text !== "") throw truncated(error);
    return text;
  }
};

/** The answer as a function sees it. Throws a network error when the body is incomplete or larger than `maxBytes`. */
export const readResponse = async (
  raw: RawResponse,
  responseType: ResponseType | undefined,
  maxBytes: number,
): Promise<ProxyResponse> => {
  const { status, statusText } = raw;
  const { "content-encoding": encoding, "content-length": _packedLength, ...rest } = raw.headers;
  const encodings = encoding?.toLowerCase().split(/\s*,\s*/) ?? [];
  const isEncoded = raw.body.length > 0 && encodings.some((name) => name in DECODERS);
  const body = isEncoded ? await decompress(raw.body, encodings, maxBytes) : raw.body;
  const headers = isEncoded ? rest : raw.headers;
  if (BINARY.has(responseType)) return { status, statusText, headers, data: new Uint8Array(body) };
  const text = decode(body, raw.headers["content-type"] ?? "");
  const isText = responseType === "text" || responseType === "document";
  return { status, statusText, headers, data: isText ? text : parse(text, raw) };
};
