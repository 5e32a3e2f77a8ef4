/** Types of settings that are addresses of machines and networks. */
import { isIP, isIPv4, isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";
import { quoted } from "../fault.ts";
import { listOf, type SettingType, scalar, Wrong } from "../setting.ts";

/** Where to listen. Port 0 is any free one. An IPv6 address is meant for IPv6 alone (`ipv6Only`). */
export type ListenAddress = { readonly host: string; readonly port: number };

/** A network, as net.BlockList.addSubnet takes it. */
export type Network = { readonly address: string; readonly prefix: number; readonly family: "ipv4" | "ipv6" };

const LISTEN_HINT = 'write address:port, as in "127.0.0.1:2525" or "[::1]:2525", several with commas, or "off"';

const listenItems = listOf(scalar("address", listenAddress, listenText), "addresses with ports, or off", twice);

/** Addresses with ports; "off" is none. */
export const listen: SettingType<readonly ListenAddress[]> = {
  name: listenItems.name,
  list: true,
  schema: listenItems.schema.transform((addresses) => addresses.filter((address) => address !== null)),
  show: (addresses) => (addresses.length === 0 ? "off" : listenItems.show(addresses)),
};

/** Null is "off". */
function listenAddress(text: string): ListenAddress | null | Wrong {
  if (text === "off") return null;
  const parts = /^(?:\[([^\]]*)\]|([^:]*)):([0-9]{1,5})$/.exec(text);
  const host = parts?.[1] ?? parts?.[2] ?? "";
  const port = Number(parts?.[3]);
  if (isIPv6(text))
    return new Wrong(`${quoted(text)} may be an address without a port, or one with it`, 'put the address in brackets, as in "[::1]:2525"');
  if (!parts) return new Wrong(`${quoted(text)} is not an address with a port`, LISTEN_HINT);
  if (parts[1] === undefined ? !isIPv4(host) : !isIPv6(host)) {
    const hint =
      host === "" || host === "*"
        ? `for all addresses write "0.0.0.0:${port},[::]:${port}"`
        : 'names are not looked up: write the address itself, as in "127.0.0.1:2525"';
    return new Wrong(`${quoted(text)} has no IP address before the port`, hint);
  }
  if (port > 65_535) return new Wrong(`${quoted(text)} has a port beyond 65535`, LISTEN_HINT);
  return { host, port };
}

function listenText(address: ListenAddress | null): string {
  if (address === null) return "off";
  return isIPv6(address.host) ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

function twice(addresses: readonly (ListenAddress | null)[]): Wrong | null {
  if (addresses.length === 0) return new Wrong("is empty", LISTEN_HINT);
  if (addresses.length > 1 && addresses.includes(null)) return new Wrong('has "off" among addresses', 'write "off" alone, or leave it out');
  const texts = addresses.map(listenText);
  const double = texts.find((text, i) => texts.indexOf(text) !== i && !text.endsWith(":0"));
  return double === undefined ? null : new Wrong(`names ${quoted(double)} twice`, "name each once");
}

const NETWORK_HINT = 'write it as in "192.0.2.0/24" or "2001:db8::/32"';

function network(text: string): Network | Wrong {
  const [address = "", prefixText, ...rest] = text.split("/");
  // ipaddr.js and inet_aton read 010.1 and 0x7f.1 as addresses; net.isIP is strict.
  const version = isIP(address);
  if (version === 0 || address.includes("%") || rest.length > 0) return new Wrong(`${quoted(text)} is not a network`, NETWORK_HINT);
  const bits = version === 4 ? 32 : 128;
  if (prefixText !== undefined && !/^(0|[1-9][0-9]{0,2})$/.test(prefixText))
    return new Wrong(`${quoted(text)} is not a network`, NETWORK_HINT);
  const prefix = prefixText === undefined ? bits : Number(prefixText);
  if (prefix > bits) return new Wrong(`${quoted(text)} has a prefix beyond ${bits}`, NETWORK_HINT);
  const ip = ipaddr.parse(address);
  if (ip.kind() === "ipv6" && (ip as ipaddr.IPv6).isIPv4MappedAddress())
    return new Wrong(`${quoted(text)} is an IPv4 network in IPv6 form`, "write it in IPv4 form");
  const first =
    version === 4 ? ipaddr.IPv4.networkAddressFromCIDR(`${address}/${prefix}`) : ipaddr.IPv6.networkAddressFromCIDR(`${address}/${prefix}`);
  if (first.toString() !== ip.toString())
    return new Wrong(`${quoted(text)} is an address inside a network`, `did you mean "${first.toString()}/${prefix}" or "${address}"?`);
  return { address: first.toString(), prefix, family: version === 4 ? "ipv4" : "ipv6" };
}

/** Networks in CIDR form; a plain address is itself alone. */
export const networks: SettingType<readonly Network[]> = listOf(
  scalar("network", network, (n) => `${n.address}/${n.prefix}`),
  "networks",
);

function dnsServer(text: string): string | Wrong {
  const parts = /^(?:\[([^\]]*)\]|([0-9.]*))(?::([0-9]{1,5}))?$/.exec(text);
  const host = parts ? (parts[1] ?? parts[2] ?? "") : text;
  const port = Number(parts?.[3] ?? 53);
  const good = parts?.[1] === undefined ? isIP(host) !== 0 : isIPv6(host);
  if (!good || port < 1 || port > 65_535)
    return new Wrong(
      `${quoted(text)} is not the address of a server`,
      'write it as in "192.0.2.53", "192.0.2.53:5353" or "[2001:db8::53]:5353"',
    );
  return text;
}

/** Addresses of DNS servers, as dns.Resolver.setServers takes them. */
export const dnsServers: SettingType<readonly string[]> = listOf(
  scalar("server", dnsServer, (text) => text),
  "addresses of DNS servers",
);
