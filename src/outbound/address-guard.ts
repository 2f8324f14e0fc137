// Which addresses outbound requests may reach: public ones, and the private ones that the operator named.
// The check is made on the address that is dialled (see client.ts), so a name that changes its answer gains nothing.
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";
import { AppError } from "../errors.ts";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

// Only 2000::/3 is handed out as global unicast; anything else that ipaddr.js has no name for is no provider.
const GLOBAL_V6 = ipaddr.parseCIDR("2000::/3");
// Azure's host agent answers on this address, which is public by its number only.
const PLATFORM_AGENT = "168.63.129.16";

export type AddressGuard = {
  /** Throws `host_not_allowed` when `hostname` is a literal address that may not be dialled. Names pass. */
  checkLiteral(hostname: string): void;
  /** Throws `host_not_allowed` when one of the addresses that `hostname` resolved to may not be dialled. */
  checkResolved(hostname: string, addresses: string[]): void;
};

const withoutBrackets = (hostname: string): string => hostname.replace(/^\[|\]$/g, "");

// A v4-mapped address is judged as the IPv4 address it leads to.
const parse = (text: string): Address => ipaddr.process(text.replace(/%.*$/, ""));

const isPublic = (address: Address): boolean => {
  if (address.range() !== "unicast") return false;
  return address instanceof ipaddr.IPv6 ? address.match(GLOBAL_V6) : address.toString() !== PLATFORM_AGENT;
};

const normalName = (hostname: string): string => hostname.toLowerCase().replace(/\.$/, "");

const readAllowed = (entries: string[]) => {
  const networks: [Address, number][] = [];
  const names = new Set<string>();
  for (const entry of entries.map(withoutBrackets)) {
    if (ipaddr.isValidCIDR(entry)) networks.push(ipaddr.parseCIDR(entry));
    else if (isIP(entry) !== 0) networks.push([parse(entry), isIP(entry) === 4 ? 32 : 128]);
    else if (entry.includes("/")) throw new AppError("invalid_settings", `"${entry}" is neither a host nor a CIDR`);
    else names.add(normalName(entry));
  }
  return { networks, names };
};

/** A guard that lets public addresses pass, and `allowPrivateHosts`: host names, addresses or CIDRs. */
export const createAddressGuard = (allowPrivateHosts: string[]): AddressGuard => {
  const { networks, names } = readAllowed(allowPrivateHosts);

  const mayDial = (address: Address): boolean =>
    isPublic(address) ||
    networks.some(([network, bits]) => network.kind() === address.kind() && address.match([network, bits] as never));

  const check = (hostname: string, text: string): void => {
    if (isIP(text.replace(/%.*$/, "")) !== 0 && mayDial(parse(text))) return;
    throw new AppError(
      "host_not_allowed",
      `${hostname} is at a private or reserved address, which is not allowed here`,
    );
  };

  return {
    checkLiteral: (hostname) => {
      const bare = withoutBrackets(hostname);
      if (isIP(bare) !== 0) check(bare, bare);
    },
    checkResolved: (hostname, addresses) => {
      if (names.has(normalName(hostname))) return;
      for (const address of addresses) check(hostname, address);
    },
  };
};
