import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";
import type { AllSettings } from "./settings.ts";

type Range = [ipaddr.IPv4 | ipaddr.IPv6, number];

/** Which addresses a name from outside may lead to, and which are this server itself. */
export type AddressRules = {
  /** Public, or in a network that the settings name. What DNS says is no reason to connect to loopback, private, link-local or reserved space. */
  mayBeReached(address: string): boolean;
  /** One of our own listeners. */
  isOurs(address: string, port: number): boolean;
};

export function addressRules({ allowedNetworks, ownListeners }: Pick<AllSettings, "allowedNetworks" | "ownListeners">): AddressRules {
  const allowed = allowedNetworks.map((network): Range => ipaddr.parseCIDR(network));
  return {
    mayBeReached(text) {
      const address = plainAddress(text);
      if (address === null) return false;
      return (
        address.range() === "unicast" ||
        allowed.some(([network, bits]) => network.kind() === address.kind() && address.match(network, bits))
      );
    },
    isOurs(text, port) {
      const address = plainAddress(text)?.toString();
      return ownListeners.some((own) => {
        if (address === undefined || own.port !== port) return false;
        const listener = plainAddress(own.address);
        return listener?.range() === "unspecified" ? isOfThisMachine(address) : listener?.toString() === address;
      });
    },
  };
}

/** The address that would really be reached: IPv4 inside IPv4-mapped (RFC 4291 §2.5.5.2) and NAT64 (RFC 6052 §2.1) addresses. Null: no address. */
function plainAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
  if (isIP(text) === 0) return null; // ipaddr.js would read 0x7f.1 and its like
  const address = ipaddr.parse(text);
  if (address instanceof ipaddr.IPv4) return address;
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  if (address.range() === "rfc6052") return new ipaddr.IPv4(address.toByteArray().slice(12));
  return address;
}

function isOfThisMachine(address: string): boolean {
  if (address === "0.0.0.0" || address === "::" || ipaddr.parse(address).range() === "loopback") return true;
  const all = Object.values(networkInterfaces()).flatMap((interfaces) => interfaces ?? []);
  return all.some((one) => plainAddress(one.address.replace(/%.*$/, ""))?.toString() === address);
}
