// Times on the command line: as they are written in a calendar, or how long ago.
import { InvalidArgumentError } from "commander";

const UNITS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** "2026-03-01T12:00Z", "2026-03-01 12:00" (local time), or "90m": an hour and a half ago. As ISO 8601 in UTC. */
export const when = (text: string): string => {
  const [, count, unit] = /^(\d{1,9})(s|m|h|d)$/.exec(text) ?? [];
  const at = unit === undefined ? Date.parse(text) : Date.now() - Number(count) * UNITS[unit as keyof typeof UNITS];
  if (!Number.isFinite(at))
    throw new InvalidArgumentError("It must be a time such as 2026-03-01T12:00Z, or 90m, 1h, 2d ago.");
  return new Date(at).toISOString();
};
