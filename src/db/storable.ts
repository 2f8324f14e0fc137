// What Postgres can hold of JSON: no NUL character and no half of a surrogate pair, which its texts do not know. A function
// or its provider may send either anywhere, and must not thereby make a run that cannot even be written down as failed.

// Any escape is matched whole, so that an escaped backslash before "u0000" is not taken for a NUL. JSON.stringify writes
// pairs as they are: what it escapes as \ud… is a half.
const ESCAPE = /\\(u0000|ud[89a-f]..|.)/gs;
const SUSPECT = /\\u0000|\\ud/;

/** JSON text (as JSON.stringify writes it) without NUL characters. */
export const withoutNul = (json: string): string =>
  json.includes("\\u0000") ? json.replace(ESCAPE, (whole, name) => (name === "u0000" ? "" : whole)) : json;

/** JSON text without NUL characters and with U+FFFD for each half of a surrogate pair. */
export const storableJson = (json: string): string => {
  if (!SUSPECT.test(json)) return json;
  return json.replace(ESCAPE, (whole, name) => (name === "u0000" ? "" : name.length > 1 ? "\\ufffd" : whole));
};

/** A text without NUL characters and with U+FFFD for each half of a surrogate pair. */
export const storableText = (text: string): string => text.replaceAll("\0", "").toWellFormed();
