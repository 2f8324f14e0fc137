// Query strings: repeated keys become arrays (`ids=1&ids=2`), bracket keys objects (`tags[team]=x`). One level, no limits:
// the schemas behind it have them.
type Value = string | string[] | Record<string, string>;

const BRACKETS = /^([^[\]]+)\[([^[\]]*)\]$/;

const append = (found: Value | undefined, value: string): Value => {
  if (found === undefined) return value;
  return Array.isArray(found) ? [...found, value] : [String(found), value];
};

const list = (found: Value | undefined): string[] => {
  if (found === undefined || typeof found === "object") return Array.isArray(found) ? found : [];
  return [found];
};

/** The query string as an object without prototype; Express gives null for a URL without one. */
export const parseQuery = (text: string | null): Record<string, Value> => {
  const query: Record<string, Value> = Object.create(null);
  for (const [name, value] of new URLSearchParams(text ?? "")) {
    const [, key, inner] = BRACKETS.exec(name) ?? [];
    if (key === undefined || inner === undefined) query[name] = append(query[name], value);
    else if (inner === "") query[key] = [...list(query[key]), value];
    else {
      const found = query[key];
      const map: Record<string, string> =
        typeof found === "object" && !Array.isArray(found) ? found : Object.create(null);
      map[inner] = value;
      query[key] = map;
    }
  }
  return query;
};
