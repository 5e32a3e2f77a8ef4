import { domainToASCII } from "node:url";
import { type AddressFault, fault } from "./address-fault.ts";

export type ParsedDomain = { readonly ok: true; readonly domain: string } | { readonly ok: false; readonly fault: AddressFault };

/** Octets of one label and of a domain (RFC 5321 §4.5.3.1.2, RFC 1035 §2.3.4), as A-labels. */
const LABEL_LIMIT = 63;
const DOMAIN_LIMIT = 255;

const NUMERIC_LAST = /(?:^|\.)[0-9]+$/;
const LABEL = /^[A-Za-z0-9]+(?:-+[A-Za-z0-9]+)*$/; // RFC 5321 §4.1.2: Let-dig [Ldh-str]
const U_LABEL = /^[A-Za-z0-9\u0080-\u{10FFFF}]+(?:-+[A-Za-z0-9\u0080-\u{10FFFF}]+)*$/u; // what may be handed to the mapping; the mapped label is judged again

/**
 * Reads a domain name, or with `literals` an address literal too, into its canonical form: lower-case A-labels,
 * `[192.0.2.1]`, `[IPv6:2001:db8::1]`. Text that is not ASCII is mapped by UTS-46; who does not allow it asks before.
 * ASCII is only lowered: an A-label is a name of its own in DNS, whatever it decodes to.
 */
export function parseDomain(text: string, options: { readonly literals?: boolean } = {}): ParsedDomain {
  if (text.startsWith("["))
    return options.literals === true ? parseLiteral(text) : fault("grammar", "an address literal where a name is needed");
  const ascii = /^[ -~]*$/.test(text);
  const labels = text.split(".");
  const wrong = labels.find((label) => !(ascii ? LABEL : U_LABEL).test(label));
  if (wrong !== undefined) return fault("grammar", whyNoLabel(text, wrong));
  const domain = ascii ? text.toLowerCase() : mapped(text, labels.length);
  if (domain === null) return fault("grammar", "a domain that has no form in A-labels");
  if (domain.length > DOMAIN_LIMIT) return fault("length", `a domain of more than ${DOMAIN_LIMIT} octets`);
  if (domain.split(".").some((label) => label.length > LABEL_LIMIT)) {
    return fault("length", `a label of the domain has more than ${LABEL_LIMIT} octets`);
  }
  return { ok: true, domain };
}

/** An address literal in its canonical form (RFC 5321 §4.1.3). */
export const isLiteral = (domain: string): boolean => domain.startsWith("[");

/** Literals, single labels and names whose last label is all digits: never ours, and no destination either. */
export const cannotBeOurs = (domain: string): boolean => isLiteral(domain) || !domain.includes(".") || NUMERIC_LAST.test(domain);

/**
 * UTS-46 through domainToASCII, which is a mapping and no validator: it reads `１２７.１` as an IPv4 address, makes two labels of one
 * at an ideographic full stop and one of two at nothing, and lets `_` and empty labels pass. All of that is null here.
 */
function mapped(text: string, labelCount: number): string | null {
  const domain = domainToASCII(text);
  const labels = domain.split(".");
  if (labels.length !== labelCount || !labels.every((label) => LABEL.test(label))) return null;
  return NUMERIC_LAST.test(domain) ? null : domain;
}

function whyNoLabel(domain: string, label: string): string {
  if (domain === "") return "the domain is missing";
  if (label === "") return domain.endsWith(".") ? "the domain ends with a dot" : "a domain with an empty label";
  if (domain.includes("@")) return "more than one @ outside quotes";
  return "a label of the domain holds something other than letters, digits and inner hyphens";
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/; // no leading zeros: some readers take them for octal

/** RFC 5321 §4.1.3. IPv6 is the only tag in the registry; its address is written as RFC 5952 says. */
function parseLiteral(text: string): ParsedDomain {
  const inner = text.endsWith("]") ? text.slice(1, -1) : "";
  if (IPV4.test(inner)) return { ok: true, domain: text };
  const ipv6 = /^IPv6:([0-9A-Fa-f:.]{2,45})$/i.exec(inner)?.[1];
  const written = ipv6 === undefined ? null : canonicalIpv6(ipv6);
  return written === null ? fault("grammar", "not a well-formed address literal") : { ok: true, domain: `[IPv6:${written}]` };
}

function canonicalIpv6(address: string): string | null {
  try {
    return new URL(`http://[${address}]/`).hostname.slice(1, -1);
  } catch {
    return null;
  }
}
