// Request bodies are JSON, or there is none. A GET may carry the content type without a body: clients do.
import type { RequestHandler } from "express";
import { AppError } from "../errors.ts";

/** 415 for any content type but JSON. */
export const checkContentType: RequestHandler = (req, _res, next) => {
  const type = req.get("content-type");
  if (type !== undefined && !type.startsWith("application/json")) throw new AppError("invalid_content_type");
  next();
};
