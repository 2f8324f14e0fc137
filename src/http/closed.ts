// Work that is only worth doing while somebody waits for its answer.
import type { Response } from "express";
import { AppError } from "../errors.ts";

/** Fires when the caller goes away before it has the answer. */
export const untilClosed = (res: Response): AbortSignal => {
  const closed = new AbortController();
  res.once("close", () => {
    if (!res.writableFinished) closed.abort(new AppError("script_aborted", "Nobody waits for it any more."));
  });
  return closed.signal;
};
