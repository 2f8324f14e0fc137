// How a limit is refused: which one, how much was asked for, and how to get below.
import { AppError } from "../../errors.ts";
import type { Limits } from "./limits.ts";

/** The error for `found` of something of which `limits` allow less. */
export const tooMuch = (limits: Limits, limit: keyof Limits, found: number, how: string): AppError => {
  const max = limits[limit];
  const shown = Number.isFinite(found) ? Math.round(found) : null;
  return new AppError("query_limit_exceeded", how, { payload: { limit, max, found: shown } });
};
