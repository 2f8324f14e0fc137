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

// As it is, and as a URL, a JSON text within a text, or a header would carry it.
const formsOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret),
  JSON.stringify(secret).slice(1, -1),
  Buffer.from(secret).toString("base64"),
  Buffer.from(secret).toString("base64url"),
];

/** A redactor that knows nothing yet: a run that never opened its credentials cannot leak them. */
export const createRedactor = (): Redactor => {
  let known: string[] = [];
  const redactText = (text: string): string => {
    let rest = text;
    for (const secret of known) rest = rest.replaceAll(secret, "***");
    return rest;
  };
  const redact = (value: unknown): unknown => {
    if (known.length === 0) return value;
    if (typeof value === "string") return redactText(value);
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map(redact);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [redactText(key), redact(inner)]));
  };
  return {
    learn: ({ type: _type, expires_at: _expiry, username, ...secret }) => {
      const forms = [...secretsOf(secret, new Set())].flatMap(formsOf);
      // What Basic authentication sends holds the password in a form of its own.
      if (typeof secret.password === "string")
        forms.push(Buffer.from(`${username ?? ""}:${secret.password}`).toString("base64"));
      // The longest first: a secret that begins with another one would leave its end.
      known = [...new Set([...known, ...forms])].sort((a, b) => b.length - a.length);
    },
    redact,
  };
};
