// Request bodies are JSON, or there is none. A GET may carry the content type without a body: clients do.
import type { Request, RequestHandler } from "express";
import { AppError } from "../errors.ts";

/** 415 for any content type but JSON, and for compressed bodies: a few bytes of those can hide a gigabyte. */
export const checkContentType: RequestHandler = (req, _res, next) => {
  const type = req.get("content-type");
  const encoding = req.get("content-encoding") ?? "identity";
  if (type !== undefined && !type.startsWith("application/json")) throw new AppError("invalid_content_type");
  if (encoding !== "identity") throw new AppError("invalid_content_type", "Compressed bodies are not accepted here.");
  next();
};

// Not the parser that comes with Express: that one reads a body which is too large to its end before it refuses it.
/** The body's bytes, at most `limit` of them. `onBytes` is told of each piece before it is kept, and may refuse it. */
export const readBytes = async (req: Request, limit: number, onBytes: (bytes: number) => void = () => {}) => {
  const tooLarge = () => new AppError("request_too_large", `The request body is larger than ${limit} bytes.`);
  if (Number(req.get("content-length") ?? 0) > limit) throw tooLarge();
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of req.iterator({ destroyOnReturn: false })) {
      bytes += chunk.length;
      if (bytes > limit) throw tooLarge();
      onBytes(chunk.length);
      chunks.push(chunk);
    }
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("malformed_request", "The request ended before its body did.", { cause });
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes);
};

/** Reads a JSON body of at most `limit` bytes into `req.body`; undefined when there is none. */
export const readJson =
  (limit: number): RequestHandler =>
  async (req, _res, next) => {
    const text = (await readBytes(req, limit)).toString("utf8");
    try {
      req.body = text === "" ? undefined : JSON.parse(text);
    } catch (cause) {
      throw new AppError("invalid_json", undefined, { cause });
    }
    next();
  };
