// Query strings: repeated keys become arrays (`ids=1&ids=2`), bracket keys objects (`tags[team]=x`). One level deep; the
// schemas behind it have the narrower limits.
import qs from "qs";

const MOST_PARAMETERS = 1_000;

/** The query string as an object without prototype; Express gives null for a URL without one. */
export const parseQuery = (text: string | null): Record<string, unknown> =>
  qs.parse(text ?? "", { depth: 1, arrayLimit: MOST_PARAMETERS, parameterLimit: MOST_PARAMETERS, plainObjects: true });
