// A time in a request about received webhooks.
import { z } from "zod";

export const Time = z.iso.datetime({ offset: true, error: "must be ISO 8601, such as 2026-01-31T12:00:00Z" });
