// Whether a URL that somebody sets now could be requested later. The guard of the client judges each request again: names
// change their addresses.
import dns from "node:dns";
import type { LookupFunction } from "node:net";
import { createAddressGuard } from "./address-guard.ts";

const LOOKUP_TIMEOUT_MS = 2_000;

export type CheckHost = (url: URL) => Promise<void>;

// A name that has no address now may have one when it is needed.
const addressesOf = (lookup: LookupFunction, hostname: string): Promise<string[]> =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, LOOKUP_TIMEOUT_MS, []);
    lookup(hostname, { all: true }, (error, answer) => {
      clearTimeout(timer);
      if (error) resolve([]);
      else resolve(Array.isArray(answer) ? answer.map(({ address }) => address) : [answer]);
    });
  });

/** Rejects with `host_not_allowed` for a literal private address and for a name that leads to one now. */
export const createHostCheck = (deps: {
  allowPrivateHosts: string[];
  lookup?: LookupFunction | undefined;
}): CheckHost => {
  const { allowPrivateHosts, lookup = dns.lookup as LookupFunction } = deps;
  const guard = createAddressGuard(allowPrivateHosts);
  return async ({ hostname }) => {
    guard.checkLiteral(hostname);
    guard.checkResolved(hostname, await addressesOf(lookup, hostname));
  };
};
