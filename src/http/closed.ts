// Work that is only worth doing while somebody waits for its answer.
import type { Response } from "express";
import { AppError } from "../errors.ts";

/** Fires when the caller is gone, or has the answer. */
export const untilClosed = (res: Response): AbortSignal => {
  const closed = new AbortController();
  res.on("close", () => closed.abort(new AppError("script_aborted", "nobody waits for it any more")));
  return closed.signal;
};
