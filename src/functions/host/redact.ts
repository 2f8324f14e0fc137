// The last net under logs and errors: whatever equals a credential of the connection is blotted out, wherever it stands.
// A provider may echo a token in an error, a function may log one.

const SHORTEST_SECRET = 6; // shorter values would blot out ordinary words

const secretsOf = (value: unknown, found: Set<string>): Set<string> => {
  if (typeof value === "string" && value.length >= SHORTEST_SECRET) found.add(value);
  else if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) secretsOf(inner, found);
  }
  return found;
};

export type Redactor = {
  /** From now on the secret parts of these credentials are blotted out. */
  learn: (credentials: Record<string, unknown>) => void;
  /** The JSON value without any learnt secret in any of its texts and keys. */
  redact: (value: unknown) => unknown;
};

/** A redactor that knows nothing yet: a run that never opened its credentials cannot leak them. */
export const createRedactor = (): Redactor => {
  const known = new Set<string>();
  const redactText = (text: string): string => {
    let rest = text;
    for (const secret of known) rest = rest.replaceAll(secret, "***");
    return rest;
  };
  const redact = (value: unknown): unknown => {
    if (known.size === 0) return value;
    if (typeof value === "string") return redactText(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(redact);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [redactText(key), redact(inner)]));
  };
  return {
    learn: ({ type: _type, expires_at: _expiry, username: _name, ...secret }) => {
      for (const text of secretsOf(secret, new Set())) {
        known.add(text);
        known.add(encodeURIComponent(text));
        known.add(Buffer.from(text).toString("base64"));
      }
    },
    redact,
  };
};
