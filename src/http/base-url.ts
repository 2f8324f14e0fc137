// Where this server is reached from outside, as links and providers know it.
import type { Request } from "express";

/** The public URL where one is set, else as the caller wrote it; without a slash at its end. */
export const baseUrl = (req: Request, publicUrl: string | undefined): string =>
  (publicUrl ?? `${req.protocol}://${req.host}`).replace(/\/+$/, "");
