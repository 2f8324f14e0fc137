// The window in which a signature counts: who recorded a webhook may not send it again later.
import { type Refusal, refuse } from "../refusal.ts";
import type { Hmac } from "../rule.ts";

const readTime = (text: string, unit: "s" | "ms" | "iso"): number => {
  if (unit === "iso") return Date.parse(text);
  return /^\d{1,15}$/.test(text) ? Number(text) * (unit === "s" ? 1000 : 1) : Number.NaN;
};

export const checkTimestamp = (rule: Hmac["timestamp"], text: string | undefined, now: number): Refusal | undefined => {
  if (rule === undefined) return undefined;
  const time = readTime(text ?? "", rule.unit);
  if (Number.isNaN(time)) return refuse("malformed_signature", "The signature has no time that can be read.");
  if (Math.abs(now - time) <= rule.toleranceSeconds * 1000) return undefined;
  return refuse("timestamp_out_of_range", `The signature was made over ${rule.toleranceSeconds} s away from now.`);
};
