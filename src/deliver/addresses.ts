import ipaddr from "ipaddr.js";
import { isOwnAddress, plainAddress } from "../directory/own-listeners.ts";
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
    isOurs: (address, port) => isOwnAddress(ownListeners, address, port),
  };
}
