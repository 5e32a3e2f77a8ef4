/** What the world's DNS says of one of our domains, beside what it should say: each record found, judged, and as it would be published. */
import { addressesOf, ask, type DnsResolver, textsOf } from "./ask.ts";
import { SPF, spfResult } from "./spf.ts";

export const RECORDS = ["mx", "spf", "dkim", "dmarc", "ptr", "mta-sts", "tls-rpt"] as const;

/** `unknown`: DNS gives no answer now, which says nothing of the record. */
export type DnsState = "good" | "warn" | "bad" | "unknown";

/** One record. `code`: the verdict, a word of the tables below. `publish`: what to put into DNS; null: nothing, or not ours to say. */
export type DnsFinding = {
  readonly record: (typeof RECORDS)[number];
  readonly state: DnsState;
  readonly code: string;
  readonly found: readonly string[];
  readonly publish: { readonly name: string; readonly type: string; readonly value: string } | null;
};

export type DnsQuestion = {
  readonly domain: string;
  /** This server's name, to which an MX leads. */
  readonly hostname: string;
  /** DKIM selectors to look for, besides those that are usual. */
  readonly selectors: readonly string[];
};

/** Asks everything at once. Never rejects for trouble of DNS. */
export async function checkDns(dns: DnsResolver, question: DnsQuestion): Promise<readonly DnsFinding[]> {
  return Promise.all([mx, spf, dkim, dmarc, ptr, mtaSts, tlsRpt].map((check) => check(dns, question)));
}

type Check = (dns: DnsResolver, question: DnsQuestion) => Promise<DnsFinding>;
type Publish = DnsFinding["publish"];

const finding =
  (record: DnsFinding["record"], publish: Publish) =>
  (state: DnsState, code: string, found: readonly string[] = []): DnsFinding => ({
    record,
    state,
    code,
    found,
    publish: state === "good" ? null : publish,
  });

/** A record that names this server; null while its name is none that DNS could know. */
const naming = (hostname: string, record: NonNullable<Publish>): Publish => (hostname.includes(".") ? record : null);

const txt = (name: string, value: string): NonNullable<Publish> => ({ name, type: "TXT", value });

/** RFC 5321 §5.1. */
const mx: Check = async (dns, { domain, hostname }) => {
  const say = finding("mx", naming(hostname, { name: domain, type: "MX", value: `10 ${hostname}.` }));
  const answer = await ask(() => dns.resolveMx(domain));
  if (answer.kind === "unavailable") return say("unknown", "unavailable");
  if (answer.kind === "absent") {
    const implicit = answer.noName ? answer : await addressesOf(dns, domain);
    if (implicit.kind === "unavailable") return say("unknown", "unavailable");
    return implicit.kind === "found" ? say("warn", "none-but-address", implicit.value) : say("bad", "none");
  }
  const hosts = answer.value.toSorted((a, b) => a.priority - b.priority).map((each) => ({ ...each, host: plain(each.exchange) }));
  const found = hosts.map(({ host, priority }) => `${priority} ${host}.`);
  if (hosts.length === 1 && hosts[0]?.host === "") return say("bad", "null-mx", found); // RFC 7505
  if (!hosts.some(({ host }) => host === plain(hostname))) return say("bad", "elsewhere", found);
  const addresses = await addressesOf(dns, hostname);
  if (addresses.kind === "unavailable") return say("unknown", "unavailable", found);
  if (addresses.kind === "absent") return say("bad", "host-without-address", found);
  return hosts.length > 1 ? say("warn", "ours-and-others", found) : say("good", "ours", found);
};

const plain = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** RFC 7208: whether receivers take mail of this domain from our addresses. */
const spf: Check = async (dns, { domain, hostname }) => {
  const say = finding("spf", naming(hostname, txt(domain, `v=spf1 a:${hostname} mx ~all`)));
  const answer = await textsOf(dns, domain, SPF);
  if (answer.kind === "unavailable") return say("unknown", "unavailable");
  if (answer.kind === "absent") return say("bad", "none");
  const [record = "", ...more] = answer.value;
  if (more.length > 0) return say("bad", "several", answer.value); // RFC 7208 §4.5
  if (/(?:^| )\+?all(?: |$)/i.test(record)) return say("bad", "everybody", answer.value);
  const ours = await addressesOf(dns, hostname);
  if (ours.kind === "unavailable") return say("unknown", "unavailable", answer.value);
  if (ours.kind === "absent") return say("warn", "no-address", answer.value);
  const results = await Promise.all(ours.value.map((address) => spfResult(dns, domain, record, address)));
  if (results.includes("broken")) return say("bad", "broken", answer.value);
  if (results.includes("unavailable")) return say("unknown", "unavailable", answer.value);
  if (results.includes("unclear")) return say("warn", "unclear", answer.value);
  return results.every((result) => result === "pass") ? say("good", "covers-us", answer.value) : say("bad", "not-us", answer.value);
};

/** Names under which the usual programs and services keep their keys; nobody can list them. */
const SELECTORS = ["default", "dkim", "mail", "selector1", "selector2", "google", "s1", "s2", "k1", "mailroom"];

/** RFC 6376 §3.6. Keys belong to whoever signs, so there is nothing to publish from here. */
const dkim: Check = async (dns, { domain, selectors }) => {
  const say = finding("dkim", null);
  const below = await ask(() => dns.resolveTxt(`_domainkey.${domain}`));
  if (below.kind === "unavailable") return say("unknown", "unavailable");
  if (below.kind === "absent" && below.noName) return say("warn", "none"); // RFC 8020: then there is no key below it either
  const names = [...new Set([...selectors, ...SELECTORS])].map((selector) => `${selector}._domainkey.${domain}`);
  const answers = await Promise.all(names.map(async (name) => ({ name, answer: await textsOf(dns, name, /(?:^|;)\s*p=/i) })));
  const keys = answers.flatMap(({ name, answer }) => (answer.kind === "found" ? answer.value.map((text) => ({ name, text })) : []));
  const found = keys.map(({ name, text }) => `${name}: ${text}`);
  if (keys.some(({ text }) => /(?:^|;)\s*p=\s*[A-Za-z0-9+/]/i.test(text))) return say("good", "found", found);
  if (keys.length > 0) return say("warn", "revoked", found);
  return answers.some(({ answer }) => answer.kind === "unavailable") ? say("unknown", "unavailable") : say("warn", "selector-unknown");
};

const DMARC = /^v=DMARC1(?:\s*;|$)/i;
/** Labels that are taken off at most to find the domain whose policy holds. */
const MOST_STEPS = 8;

/** RFC 7489 §6.6.3; the domain whose policy holds is found by walking up. */
const dmarc: Check = async (dns, { domain }) => {
  const say = finding("dmarc", txt(`_dmarc.${domain}`, `v=DMARC1; p=none; rua=mailto:postmaster@${domain}`));
  const labels = domain.split(".");
  for (let from = 0; from < Math.min(labels.length - 1, MOST_STEPS); from++) {
    const at = labels.slice(from).join(".");
    const answer = await textsOf(dns, `_dmarc.${at}`, DMARC);
    if (answer.kind === "unavailable") return say("unknown", "unavailable");
    if (answer.kind === "absent") continue;
    const found = answer.value.map((text) => (from === 0 ? text : `_dmarc.${at}: ${text}`));
    if (found.length > 1) return say("bad", "several", found);
    const tag = (name: string) => new RegExp(`;\\s*${name}\\s*=\\s*([a-z]+)`, "i").exec(found[0] ?? "")?.[1]?.toLowerCase();
    const policy = (from > 0 ? tag("sp") : undefined) ?? tag("p");
    if (policy === "quarantine" || policy === "reject") return say("good", "enforced", found);
    return policy === "none" ? say("warn", "watching", found) : say("bad", "broken", found);
  }
  return say("bad", "none");
};

/** Each of our addresses has a name that leads back to it, as large providers want it. */
const ptr: Check = async (dns, { hostname }) => {
  const ours = await addressesOf(dns, hostname);
  if (ours.kind === "unavailable") return finding("ptr", null)("unknown", "unavailable");
  if (ours.kind === "absent") return finding("ptr", null)("bad", "no-address", [hostname]);
  const found: string[] = [];
  let worst: readonly [DnsState, string] = ["good", "confirmed"];
  let name: string | null = null;
  for (const address of ours.value) {
    const [state, code, names] = await ptrOf(dns, address, hostname);
    found.push(`${address} → ${names.join(", ") || "–"}`);
    if (ORDER.indexOf(state) > ORDER.indexOf(worst[0])) [worst, name] = [[state, code], reverseName(address)];
  }
  return finding("ptr", name === null ? null : { name, type: "PTR", value: `${hostname}.` })(worst[0], worst[1], found);
};

const ORDER: readonly DnsState[] = ["good", "warn", "unknown", "bad"];

async function ptrOf(dns: DnsResolver, address: string, hostname: string): Promise<readonly [DnsState, string, readonly string[]]> {
  const answer = await ask(() => dns.resolvePtr(reverseName(address)));
  if (answer.kind === "unavailable") return ["unknown", "unavailable", []];
  if (answer.kind === "absent") return ["bad", "none", []];
  const names = answer.value.map(plain);
  if (names.includes(plain(hostname))) return ["good", "confirmed", names];
  const back = await Promise.all(names.slice(0, 5).map((name) => addressesOf(dns, name)));
  if (back.some((each) => each.kind === "found" && each.value.includes(address))) return ["warn", "other-name", names];
  return back.some(({ kind }) => kind === "unavailable") ? ["unknown", "unavailable", names] : ["bad", "not-confirmed", names];
}

/** The name whose PTR record belongs to an address: RFC 1035 §3.5, RFC 3596 §2.5. @internal */
export function reverseName(address: string): string {
  if (!address.includes(":")) return `${address.split(".").toReversed().join(".")}.in-addr.arpa`;
  const [head = "", tail] = address.split("::");
  const groups = (text: string | undefined): string[] => (text === undefined || text === "" ? [] : text.split(":"));
  const [first, last] = [groups(head), groups(tail)];
  const all = tail === undefined ? first : [...first, ...Array<string>(8 - first.length - last.length).fill("0"), ...last];
  const digits = all.map((group) => group.padStart(4, "0")).join("");
  return `${digits.split("").toReversed().join(".")}.ip6.arpa`;
}

/** RFC 8461 §3.1: the announcement alone; the policy itself is on a web server. */
const mtaSts: Check = async (dns, { domain }) => {
  const name = `_mta-sts.${domain}`;
  return announcement(dns, name, /^v=STSv1\b/i, /;\s*id=\w+/i, finding("mta-sts", txt(name, "v=STSv1; id=1;")));
};

/** RFC 8460 §3. */
const tlsRpt: Check = async (dns, { domain }) => {
  const name = `_smtp._tls.${domain}`;
  const say = finding("tls-rpt", txt(name, `v=TLSRPTv1; rua=mailto:tls-reports@${domain}`));
  return announcement(dns, name, /^v=TLSRPTv1\b/i, /;\s*rua=(mailto|https):/i, say);
};

/** One record that is good to have. */
async function announcement(
  dns: DnsResolver,
  name: string,
  tag: RegExp,
  whole: RegExp,
  say: ReturnType<typeof finding>,
): Promise<DnsFinding> {
  const answer = await textsOf(dns, name, tag);
  if (answer.kind === "unavailable") return say("unknown", "unavailable");
  if (answer.kind === "absent") return say("warn", "none");
  const isWhole = answer.value.length === 1 && whole.test(answer.value[0] ?? "");
  return isWhole ? say("good", "announced", answer.value) : say("bad", "broken", answer.value);
}
