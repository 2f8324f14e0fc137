// How connections are made: names are looked up once, and what is dialled is what the guard saw.
import type { LookupFunction } from "node:net";
import { buildConnector } from "undici";
import type { AddressGuard } from "./address-guard.ts";
import type { ClientCertificate } from "./certificates.ts";

const CONNECT_TIMEOUT_MS = 10_000;

const guardedLookup =
  (guard: AddressGuard, lookup: LookupFunction): LookupFunction =>
  (hostname, options, callback) =>
    lookup(hostname, { ...options, all: true }, (error, answer) => {
      if (error) return callback(error, "", 0);
      const addresses = Array.isArray(answer) ? answer : [{ address: answer, family: answer.includes(":") ? 6 : 4 }];
      try {
        // One private address among public ones is how a rebinding attack looks, so it spoils them all.
        guard.checkResolved(
          hostname,
          addresses.map(({ address }) => address),
        );
      } catch (refusal) {
        return callback(refusal as Error, "", 0);
      }
      const [first] = addresses;
      if (options.all || first === undefined) return callback(null, addresses);
      return callback(null, first.address, first.family);
    });

/** Dials what `guard` lets pass: literal addresses as they stand, names by the addresses that `lookup` gives now. */
export const guardedConnector = (
  guard: AddressGuard,
  lookup: LookupFunction,
  certificate?: ClientCertificate,
): buildConnector.connector => {
  const connect = buildConnector({
    ...certificate,
    timeout: CONNECT_TIMEOUT_MS,
    allowH2: false,
    lookup: guardedLookup(guard, lookup),
  } as buildConnector.BuildOptions);
  return (options, callback) => {
    try {
      guard.checkLiteral(options.hostname);
    } catch (refusal) {
      return callback(refusal as Error, null);
    }
    return connect(options, callback);
  };
};
