/** Reads the URL an admin gave for a domain's route. deliver/ connects only where a route or an MX leads, so nothing here is guessed. */
import { isIP } from "node:net";
import type { Route } from "./directory.ts";

export type ParsedRoute = { readonly ok: true; readonly route: Route } | { readonly ok: false; readonly fault: string };

/** The route of every domain that has none of its own, when `*` has none either. */
export const MX_ROUTE: Route = { kind: "mx", url: "mx:" };

/** RFC 5321 §4.5.4.2 and RFC 8314 §3.3 name the ports of SMTP; LMTP has none registered, 24 is what Postfix and Dovecot use. */
const DEFAULT_PORTS = { smtp: 25, smtps: 465, lmtp: 24 } as const;

const FORMS = "smtp://host[:port], smtps://host[:port], lmtp://host[:port], lmtp:///path/to/socket, maildir:/path, mx: or discard:";
const HOST_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/**
 * Reads one of `smtp://host[:port]` (25), `smtps://host[:port]` (465), `lmtp://host[:port]` (24), `lmtp:///path/to/socket`,
 * `maildir:/path`, `mx:` (ask DNS), `discard:` (accept and forget). Hosts are names, IPv4 or [IPv6]; paths are absolute. A route
 * carries no user, password, path or query. `fault` is a sentence for the admin. The `url` of the route is in canonical form.
 */
export function parseRouteUrl(text: string): ParsedRoute {
  if (/[^!-~]/.test(text)) return fault("a blank, a control character or a letter outside ASCII");
  const colon = text.indexOf(":");
  const scheme = text.slice(0, Math.max(colon, 0)).toLowerCase();
  const rest = text.slice(colon + 1);
  switch (scheme) {
    case "smtp":
    case "smtps":
    case "lmtp":
      return scheme === "lmtp" && rest.startsWith("///") ? socketRoute(rest.slice(2)) : hostRoute(scheme, rest);
    case "maildir":
      return pathFault(rest) ?? { ok: true, route: { kind: "maildir", path: rest, url: `maildir:${rest}` } };
    case "mx":
      return rest === "" ? { ok: true, route: MX_ROUTE } : fault("mx: stands alone; for one host write smtp://host");
    case "discard":
      return rest === "" ? { ok: true, route: { kind: "discard", url: "discard:" } } : fault("discard: stands alone");
    default:
      return fault(`not one of ${FORMS}`);
  }
}

const fault = (text: string): ParsedRoute => ({ ok: false, fault: text });

function socketRoute(path: string): ParsedRoute {
  // A longer path does not fit sockaddr_un, and connect() would fail for each message.
  if (path.length > 107) return fault("a socket path has at most 107 octets");
  return pathFault(path) ?? { ok: true, route: { kind: "lmtpSocket", path, url: `lmtp://${path}` } };
}

function pathFault(path: string): ParsedRoute | null {
  if (!path.startsWith("/")) return fault("the path must be absolute: it means the same for every node and for the command line");
  if (path === "/" || path.endsWith("/")) return fault("the path must name something below /, without a slash at its end");
  return path.split("/").some((part) => part === ".." || part === ".") ? fault("the path must hold no . or ..") : null;
}

function hostRoute(scheme: "smtp" | "smtps" | "lmtp", rest: string): ParsedRoute {
  if (!rest.startsWith("//")) return fault(`${scheme}: is followed by //host`);
  const authority = rest.slice(2).replace(/\/$/, "");
  if (/[/?#]/.test(authority)) return fault(`${scheme}://host[:port] has no path, query or fragment`);
  if (authority.includes("@")) return fault("a route carries no user or password");
  const parts = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]*))(?::([^:]*))?$/.exec(authority.toLowerCase());
  if (parts === null) return fault("not host[:port]; an IPv6 address stands in [brackets]");
  const [, literal, name = "", portText] = parts;
  const host = literal ?? name;
  const wrong = literal === undefined ? nameFault(name) : isIP(literal) === 6 ? null : `[${literal}] is no IPv6 address`;
  if (wrong !== null) return fault(wrong);
  const port = portText === undefined ? DEFAULT_PORTS[scheme] : /^\d{1,5}$/.test(portText) ? Number(portText) : 0;
  if (port < 1 || port > 65535) return fault(`the port ${JSON.stringify(portText)} is not a number from 1 to 65535`);
  const url = `${scheme}://${literal === undefined ? host : `[${host}]`}:${port}`;
  return { ok: true, route: { kind: scheme, host, port, url } };
}

/** `127.1`, `0x7f.1` and `2130706433` are names here and loopback to some resolvers: only a full IPv4 address may end in a number. */
function nameFault(name: string): string | null {
  if (isIP(name) === 4) return null;
  if (name === "") return "the host is missing";
  const labels = name.split(".");
  if (name.length > 253 || !labels.every((label) => HOST_LABEL.test(label))) return `${JSON.stringify(name)} is no host name`;
  return /^(\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? "") ? `${JSON.stringify(name)} is neither a host name nor an IPv4 address` : null;
}
