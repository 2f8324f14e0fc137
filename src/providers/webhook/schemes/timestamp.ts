// The window in which a signature counts: who recorded a webhook may not send it again later.
import { type Refusal, refuse } from "../refusal.ts";
import type { Timestamp } from "../verification.ts";

const readTime = (text: string, unit: Timestamp["unit"]): number => {
  if (unit === "iso") return Date.parse(text);
  return /^\d{1,15}$/.test(text) ? Number(text) * (unit === "s" ? 1000 : 1) : Number.NaN;
};

/** Whether a signature made at this time still counts, at `now` in ms. */
export const checkTimestamp = (
  { unit, toleranceSeconds }: Pick<Timestamp, "unit" | "toleranceSeconds">,
  text: string | undefined,
  now: number,
): Refusal | undefined => {
  const time = readTime(text ?? "", unit);
  if (Number.isNaN(time)) return refuse("malformed_signature", "The signature has no time that can be read.");
  if (Math.abs(now - time) <= toleranceSeconds * 1000) return undefined;
  return refuse("timestamp_out_of_range", `The signature was made over ${toleranceSeconds} s away from now.`);
};
