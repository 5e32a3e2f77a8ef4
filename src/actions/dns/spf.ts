/** Whether an SPF record (RFC 7208) lets an address send. Reads what campuses publish; what it cannot follow it says so. */
import ipaddr from "ipaddr.js";
import { addressesOf, ask, type DnsResolver, textsOf } from "./ask.ts";

/** `unclear`: a macro, `exists` or `ptr` decides. `broken`: a permanent error of the record. */
export type SpfResult = "pass" | "neutral" | "softfail" | "fail" | "unclear" | "broken" | "unavailable";

export const SPF = /^v=spf1(?: |$)/i;
/** RFC 7208 §4.6.4: terms that ask DNS. */
const MOST_LOOKUPS = 10;
const QUALIFIERS = { "+": "pass", "-": "fail", "~": "softfail", "?": "neutral" } as const satisfies Record<string, SpfResult>;

type Budget = { lookups: number };
type Matched = "yes" | "no" | Extract<SpfResult, "unclear" | "broken" | "unavailable">;

/** What the record of `domain` says of mail from `address`. */
export async function spfResult(
  dns: DnsResolver,
  domain: string,
  record: string,
  address: string,
  budget: Budget = { lookups: 0 },
): Promise<SpfResult> {
  const terms = record.trim().split(/ +/).slice(1);
  for (const term of terms) {
    const parts = /^([+\-~?])?([a-z0-9]+)(?:[:](.*?))?((?:\/\d+)?(?:\/\/\d+)?)$/i.exec(term);
    if (parts === null) {
      if (/^[a-z][\w.-]*=/i.test(term)) continue; // a modifier, looked at below
      return "broken";
    }
    const matched = await matches(
      dns,
      domain,
      { name: (parts[2] ?? "").toLowerCase(), value: parts[3], prefix: parts[4] ?? "" },
      address,
      budget,
    );
    if (matched === "yes") return QUALIFIERS[(parts[1] ?? "+") as keyof typeof QUALIFIERS];
    if (matched !== "no") return matched;
  }
  const redirect = terms.map((term) => /^redirect=(.+)$/i.exec(term)?.[1]).find((to) => to !== undefined);
  return redirect === undefined ? "neutral" : recordElsewhere(dns, redirect, address, budget);
}

type Term = { readonly name: string; readonly value: string | undefined; readonly prefix: string };

async function matches(dns: DnsResolver, domain: string, { name, value, prefix }: Term, address: string, budget: Budget): Promise<Matched> {
  if (name === "all") return "yes";
  if (name === "ip4" || name === "ip6") return value === undefined ? "broken" : within(address, `${value}${prefix}`);
  if (!["a", "mx", "include", "exists", "ptr"].includes(name)) return "broken";
  if (++budget.lookups > MOST_LOOKUPS) return "broken";
  if (name === "exists" || name === "ptr" || value?.includes("%") === true) return "unclear";
  if (name === "include") {
    if (value === undefined) return "broken";
    const result = await recordElsewhere(dns, value, address, budget);
    if (result === "pass") return "yes";
    return result === "neutral" || result === "softfail" || result === "fail" ? "no" : result;
  }
  return name === "a" ? atHosts(dns, [value ?? domain], prefix, address) : atExchanges(dns, value ?? domain, prefix, address);
}

async function recordElsewhere(dns: DnsResolver, domain: string, address: string, budget: Budget): Promise<SpfResult> {
  if (domain.includes("%")) return "unclear";
  if (budget.lookups > MOST_LOOKUPS) return "broken";
  const texts = await textsOf(dns, domain, SPF);
  if (texts.kind === "unavailable") return "unavailable";
  if (texts.kind === "absent" || texts.value.length !== 1) return "broken"; // RFC 7208 §5.2, §6.1
  return spfResult(dns, domain, texts.value[0] ?? "", address, budget);
}

async function atExchanges(dns: DnsResolver, domain: string, prefix: string, address: string): Promise<Matched> {
  const answer = await ask(() => dns.resolveMx(domain));
  if (answer.kind === "unavailable") return "unavailable";
  return answer.kind === "absent"
    ? "no"
    : atHosts(
        dns,
        answer.value.slice(0, MOST_LOOKUPS).map(({ exchange }) => exchange),
        prefix,
        address,
      );
}

async function atHosts(dns: DnsResolver, names: readonly string[], prefix: string, address: string): Promise<Matched> {
  const answers = await Promise.all(names.map((name) => addressesOf(dns, name)));
  const lengths = /^(?:\/(\d+))?(?:\/\/(\d+))?$/.exec(prefix);
  const isIn = (host: string): boolean => {
    const length = host.includes(":") ? lengths?.[2] : lengths?.[1];
    return within(address, length === undefined ? host : `${host}/${length}`) === "yes";
  };
  if (answers.some((answer) => answer.kind === "found" && answer.value.some(isIn))) return "yes";
  return answers.some(({ kind }) => kind === "unavailable") ? "unavailable" : "no";
}

function within(address: string, network: string): Matched {
  try {
    const [base, bits] = ipaddr.parseCIDR(network.includes("/") ? network : `${network}/${network.includes(":") ? 128 : 32}`);
    const at = ipaddr.parse(address);
    return at.kind() === base.kind() && at.match(base, bits) ? "yes" : "no";
  } catch {
    return "broken";
  }
}
