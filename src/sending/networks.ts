import ipaddr from "ipaddr.js";

/** Tells whether an address (text, as a socket gives it) lies in one of some networks. */
export type Networks = { readonly contain: (address: string) => boolean };

const NO_ADDRESS = "";

/** Reads `192.0.2.0/24`, `2001:db8::/32` or single addresses. Throws on anything else: a setting that is misread must not be guessed at. */
export function parseNetworks(texts: readonly string[]): Networks {
  const ranges = texts.map((text) => {
    const whole = text.includes("/") ? text : `${text}/${ipaddr.parse(text).kind() === "ipv4" ? 32 : 128}`;
    return ipaddr.parseCIDR(whole);
  });
  return {
    contain: (address) => {
      if (ranges.length === 0 || !ipaddr.isValid(address)) return false;
      const parsed = ipaddr.process(address);
      return ranges.some(([network, bits]) => network.kind() === parsed.kind() && parsed.match(network, bits));
    },
  };
}

/** Whose connections are counted together: one IPv4 address, or the /64 that a single IPv6 customer has. */
export function countedAs(address: string): string {
  if (!ipaddr.isValid(address)) return NO_ADDRESS;
  const parsed = ipaddr.process(address);
  return parsed.kind() === "ipv4" ? parsed.toString() : parsed.toByteArray().slice(0, 8).join(".");
}
