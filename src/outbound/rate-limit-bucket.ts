// Which requests share a limit: those of one provider account to one host, and where the provider counts parts of its API
// apart, to one part of it.
import type { ProviderRetry } from "../providers/schema.ts";
import type { ProxyTarget } from "./types.ts";

/** `account` is the id of a connection, or of an integration where all its connections share a limit. */
export type Bucket = { scope: "connection" | "integration"; account: number; host: string; part: string };

// A row's worth: longer paths that start alike share a bucket.
const LONGEST_PART = 200;

const partOf = (paths: ProviderRetry["limit_paths"], path: string): string => {
  if (paths === undefined) return "";
  if (paths === "each") return path.slice(0, LONGEST_PART);
  return paths.find((start) => path.startsWith(start)) ?? "";
};

/** The bucket of a request, by what the provider's entry says; undefined for a target that is no stored connection. */
export const bucketOf = ({ provider, account }: ProxyTarget, url: URL): Bucket | undefined => {
  if (account === undefined) return undefined;
  const retry = provider.proxy?.retry;
  const scope = retry?.limit_scope ?? "connection";
  return { scope, account: account[scope], host: url.host, part: partOf(retry?.limit_paths, url.pathname) };
};

/** The bucket as one text, for a map. */
export const bucketKey = ({ scope, account, host, part }: Bucket): string => `${scope} ${account} ${host}${part}`;
