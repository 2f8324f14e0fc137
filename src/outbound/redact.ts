// The URL of a request as it may be logged: without anything that grants access.
import type { Credentials } from "../providers/credentials.ts";

const SECRET_NAME = /key|token|secret|passw|^pwd$|auth|signature|^sig$|credential|jwt|session/i;
const HIDDEN = "***";
// Shorter texts occur in any path by chance.
const MIN_LENGTH_IN_PATH = 5;

const textsIn = (value: unknown): string[] => {
  if (typeof value === "string") return value === "" ? [] : [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
};

const secretsOf = ({ type: _type, ...fields }: Credentials): string[] => textsIn(fields);

/** `url` without user and password, with `***` for every query value whose name or content is a credential, and in the path. */
export const loggableUrl = (url: URL, credentials: Credentials): string => {
  const secrets = secretsOf(credentials);
  const isSecret = (name: string, value: string): boolean =>
    SECRET_NAME.test(name) ||
    secrets.some((secret) => secret === value || (secret.length >= 8 && value.includes(secret)));
  let path = url.pathname;
  for (const secret of secrets.filter(({ length }) => length >= MIN_LENGTH_IN_PATH)) {
    path = path.replaceAll(secret, HIDDEN).replaceAll(encodeURIComponent(secret), HIDDEN);
  }
  if (url.search === "") return url.origin + path;
  const query = [...url.searchParams].map(
    ([name, value]) => `${encodeURIComponent(name)}=${isSecret(name, value) ? HIDDEN : encodeURIComponent(value)}`,
  );
  return `${url.origin}${path}?${query.join("&")}`;
};
