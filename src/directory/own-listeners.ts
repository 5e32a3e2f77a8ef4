/** Which addresses are this server itself: no route may lead there, and delivery never connects there. */
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";
import ipaddr from "ipaddr.js";

/** Where this server listens for mail. Address 0.0.0.0 or :: stands for all of the machine. */
export type OwnListener = { readonly address: string; readonly port: number };

/** Whether an address (no name) and port is one of our own listeners. */
export function isOwnAddress(listeners: readonly OwnListener[], text: string, port: number): boolean {
  const address = plainAddress(text)?.toString();
  return listeners.some((own) => {
    if (address === undefined || own.port !== port) return false;
    const listener = plainAddress(own.address);
    return listener?.range() === "unspecified" ? isOfThisMachine(address) : listener?.toString() === address;
  });
}

/** The same of a route's host before anybody asks DNS: an address, `localhost`, or our own name. Other names are known at delivery only. */
export function isOwnHost(listeners: readonly OwnListener[], hostname: string, host: string, port: number): boolean {
  if (host === "localhost") return ["127.0.0.1", "::1"].some((address) => isOwnAddress(listeners, address, port));
  if (host === hostname.toLowerCase()) return listeners.some((own) => own.port === port);
  return isOwnAddress(listeners, host, port);
}

/** The address that would really be reached: IPv4 inside IPv4-mapped (RFC 4291 §2.5.5.2) and NAT64 (RFC 6052 §2.1) addresses. Null: no address. */
export function plainAddress(text: string): ipaddr.IPv4 | ipaddr.IPv6 | null {
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
