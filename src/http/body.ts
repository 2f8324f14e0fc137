// Request bodies are JSON, or there is none. A GET may carry the content type without a body: clients do.
import express, { type RequestHandler } from "express";
import { AppError } from "../errors.ts";
import type { Install } from "./deps.ts";

const LIMIT = "75mb";

/** 415 for any content type but JSON. */
export const checkContentType: RequestHandler = (req, _res, next) => {
  const type = req.get("content-type");
  if (type !== undefined && !type.startsWith("application/json")) throw new AppError("invalid_content_type");
  next();
};

/** Parses JSON bodies; 415 for any other content type. */
export const installBody: Install = (app) => {
  app.use(checkContentType);
  app.use(express.json({ limit: LIMIT, type: () => true }));
};
