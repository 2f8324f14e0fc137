// Request bodies are JSON, or there is none. A GET may carry the content type without a body: clients do.
import express from "express";
import { AppError } from "../errors.ts";
import type { Install } from "./deps.ts";

const LIMIT = "75mb";

/** Parses JSON bodies; 415 for any other content type. */
export const installBody: Install = (app) => {
  app.use((req, _res, next) => {
    const type = req.get("content-type");
    if (type !== undefined && !type.startsWith("application/json")) throw new AppError("invalid_content_type");
    next();
  });
  app.use(express.json({ limit: LIMIT, type: () => true }));
};
