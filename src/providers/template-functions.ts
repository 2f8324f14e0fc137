// The functions and times that templates may use.
import { createHash, createHmac, createPrivateKey, createPublicKey } from "node:crypto";

/** Gives the text of a call; undefined when its arguments make none. */
type TemplateFunction = (...texts: string[]) => string | undefined;

const hash = (text: string, encoding: "hex" | "base64"): string => createHash("sha256").update(text).digest(encoding);

// As Snowflake names keys: the digest of the public half in DER form.
const fingerprint = (pem: string): string | undefined => {
  try {
    const key = createPublicKey(createPrivateKey(pem.replaceAll("\\n", "\n")));
    const digest = createHash("sha256")
      .update(key.export({ type: "spki", format: "der" }))
      .digest("base64");
    return `SHA256:${digest}`;
  } catch {
    return undefined;
  }
};

/** By name, with how many arguments each takes. */
export const FUNCTIONS: Record<string, { takes: 1 | 2; fill: TemplateFunction }> = {
  base64: { takes: 1, fill: (text = "") => Buffer.from(text).toString("base64") },
  sha256Hex: { takes: 1, fill: (text = "") => hash(text, "hex") },
  sha256Base64: { takes: 1, fill: (text = "") => hash(text, "base64") },
  hmacSha1Hex: { takes: 2, fill: (text = "", key = "") => createHmac("sha1", key).update(text).digest("hex") },
  fingerprint: { takes: 1, fill: (pem = "") => fingerprint(pem) },
};

const UNITS_MS: Record<string, number> = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 };
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const TOKENS = /\[([^\]]*)\]|YYYY|MMM|MM|DD|ddd|HH|mm|ss|SSS|X|x|ZZ|Z/g;

const two = (value: number): string => String(value).padStart(2, "0");

const format = (time: Date, pattern: string): string =>
  pattern.replace(TOKENS, (token, literal: string | undefined) => {
    if (literal !== undefined) return literal;
    switch (token) {
      case "YYYY":
        return String(time.getUTCFullYear());
      case "MMM":
        return MONTHS[time.getUTCMonth()]!;
      case "MM":
        return two(time.getUTCMonth() + 1);
      case "DD":
        return two(time.getUTCDate());
      case "ddd":
        return DAYS[time.getUTCDay()]!;
      case "HH":
        return two(time.getUTCHours());
      case "mm":
        return two(time.getUTCMinutes());
      case "ss":
        return two(time.getUTCSeconds());
      case "SSS":
        return String(time.getUTCMilliseconds()).padStart(3, "0");
      case "X":
        return String(Math.floor(time.getTime() / 1_000));
      case "x":
        return String(time.getTime());
      case "ZZ":
        return "+0000";
      default:
        return "+00:00";
    }
  });

// now · now:YYYY-MM-DD · now+7:days:YYYY-MM-DD
const TIME = /^now(?:([+-]\d+):(second|minute|hour|day)s?)?(?::(.+))?$/s;

/** True for the name of a time. */
export const isTime = (name: string): boolean => TIME.test(name);

/** The time that `name` asks for, in UTC: ISO 8601 unless it says how. */
export const fillTime = (name: string, now: number): string | undefined => {
  const [whole, count = "0", unit = "day", pattern] = TIME.exec(name) ?? [];
  if (whole === undefined) return undefined;
  const time = new Date(now + Number(count) * UNITS_MS[unit]!);
  return pattern === undefined ? time.toISOString() : format(time, pattern);
};
