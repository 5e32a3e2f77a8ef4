import { LRUCache } from "lru-cache";
import type { Route } from "../directory/directory.ts";
import type { RemoteReply, Scope } from "../mail/verdict.ts";
import { type AddressRules, addressRules } from "./addresses.ts";
import { createLookups, type Lookups } from "./dns-lookups.ts";
import type { Edges, Target } from "./edges.ts";
import type { AllSettings } from "./settings.ts";
import { withDetail, words } from "./words.ts";

/** A host to connect to: `name` is what TLS verifies, `target` the checked address, `relay` what the log shows. */
export type Host = { readonly name: string; readonly target: Target; readonly relay: string };

/** Where a next hop is: hosts in the order in which they are tried, or why there is none; `failed` is final. */
export type Whereabouts =
  | { readonly kind: "hosts"; readonly hosts: readonly Host[] }
  | { readonly kind: "failed" | "deferred"; readonly scope: Scope; readonly reply: RemoteReply };

export type NextHops = {
  /** `domain` counts for `mx:` alone. Never rejects. */
  hostsOf(route: Route, domain: string): Promise<Whereabouts>;
  /** Nobody answered there: the next question goes to DNS again. */
  forget(route: Route, domain: string): void;
};

/** Hosts of one preference (RFC 5321 §5.1), each with its addresses. */
type Preference = readonly (readonly Host[])[];
type Found = { readonly kind: "preferences"; readonly preferences: readonly Preference[] } | Exclude<Whereabouts, { kind: "hosts" }>;

/** The driver gives no TTL for MX: ten minutes, so that hosts may move within the hour in which their admins expect it. */
const FOUND_MS = 10 * 60_000;
const NOT_FOUND_MS = 5 * 60_000;

const finally_ = (reply: RemoteReply): Found => ({ kind: "failed", scope: "recipient", reply });
const forNow = (scope: Scope, reply: RemoteReply): Found => ({ kind: "deferred", scope, reply });

export function createNextHops(edges: Edges, settings: AllSettings): NextHops {
  const rules = addressRules(settings);
  const lookups = createLookups(edges);
  const cache = new LRUCache<string, Found, { route: Route; domain: string }>({
    max: 10_000,
    ignoreFetchAbort: true,
    fetchMethod: async (_key, _stale, { context: { route, domain }, options }) => {
      const found = route.kind === "mx" ? await byMx(domain, lookups, rules, settings) : await byRoute(route, lookups, rules);
      options.ttl = found.kind === "preferences" ? FOUND_MS : found.kind === "failed" ? NOT_FOUND_MS : 1; // trouble is not remembered
      return found;
    },
  });
  const keyOf = (route: Route, domain: string) => (route.kind === "mx" ? domain : route.url);
  return {
    async hostsOf(route, domain) {
      if (route.kind === "lmtpSocket") {
        return { kind: "hosts", hosts: [{ name: "localhost", target: { path: route.path }, relay: route.path }] };
      }
      const found = await cache.fetch(keyOf(route, domain), { context: { route, domain } }).catch(() => undefined);
      if (found === undefined) return { kind: "deferred", scope: "local", reply: words.dnsTrouble };
      if (found.kind !== "preferences") return found;
      // RFC 5321 §5.1: in the order of preference, and shuffled within one to spread the load.
      const hosts = found.preferences.flatMap((preference) => shuffled(preference).flat());
      return { kind: "hosts", hosts: hosts.slice(0, settings.hosts) };
    },
    forget: (route, domain) => void cache.delete(keyOf(route, domain)),
  };
}

const hostAt = (name: string, address: string, port: number): Host => ({
  name,
  target: { address, port },
  relay: `${name}[${address}]:${port}`,
});

/** A configured route: its admin may name any address but our own. A name that is not there is a fault of ours, so the mail waits. */
async function byRoute(route: Route, lookups: Lookups, rules: AddressRules): Promise<Found> {
  if (!("host" in route)) return forNow("local", words.routeHostUnknown);
  const name = route.host.replace(/^\[(.*)\]$/, "$1");
  const answer = await lookups.addresses(name);
  if (answer.kind === "unavailable") return forNow("local", withDetail(words.dnsTrouble, name));
  if (answer.kind !== "found") return forNow("local", withDetail(words.routeHostUnknown, name));
  const hosts = answer.value.filter((address) => !rules.isOurs(address, route.port)).map((address) => hostAt(name, address, route.port));
  return hosts.length === 0 ? forNow("local", words.routeToOurselves) : { kind: "preferences", preferences: [[hosts]] };
}

/** RFC 5321 §5.1. */
async function byMx(domain: string, lookups: Lookups, rules: AddressRules, settings: AllSettings): Promise<Found> {
  const literal = /^\[(?:IPv6:)?(.*)\]$/i.exec(domain)?.[1];
  if (literal !== undefined) return hostsAmong([{ exchange: literal, priority: 0 }], lookups, rules, settings);
  const answer = await lookups.mx(domain);
  if (answer.kind === "unavailable") return forNow(answer.domainsFault ? "host" : "local", withDetail(words.dnsTrouble, domain));
  if (answer.kind === "noDomain") return finally_(withDetail(words.noSuchDomain, domain));
  // No MX at all: the domain is its own host. One that has an MX is not asked for addresses, even when the MX leads nowhere.
  const records = answer.kind === "absent" ? [{ exchange: domain, priority: 0 }] : answer.value;
  if (records.length === 1 && records[0]?.exchange === "") return finally_(withDetail(words.nullMx, domain)); // RFC 7505 §3
  const named = records.filter((record) => record.exchange !== "");
  // Ours, and all behind it, are left out: they would bring the mail back to us.
  const own = Math.min(...named.filter((record) => record.exchange === settings.hostname.toLowerCase()).map((record) => record.priority));
  const before = named.filter((record) => record.priority < own);
  if (before.length === 0) return finally_(withDetail(named.length > 0 ? words.loopsBack : words.noAddress, domain));
  return hostsAmong(before, lookups, rules, settings);
}

type Mx = { readonly exchange: string; readonly priority: number };

async function hostsAmong(records: readonly Mx[], lookups: Lookups, rules: AddressRules, settings: AllSettings): Promise<Found> {
  const port = settings.mxPort;
  const tried = shuffled(records)
    .sort((a, b) => a.priority - b.priority)
    .slice(0, settings.hosts);
  const answers = await Promise.all(tried.map((record) => lookups.addresses(record.exchange)));
  const preferences = new Map<number, Host[][]>();
  let ours = false;
  let forbidden = false;
  for (const [i, { exchange, priority }] of tried.entries()) {
    const answer = answers[i];
    if (answer?.kind !== "found") continue;
    const foreign = answer.value.filter((address) => !rules.isOurs(address, port));
    const hosts = foreign.filter((address) => rules.mayBeReached(address)).map((address) => hostAt(exchange, address, port));
    ours ||= foreign.length < answer.value.length;
    forbidden ||= hosts.length < foreign.length;
    if (hosts.length > 0) preferences.set(priority, [...(preferences.get(priority) ?? []), hosts]);
  }
  if (preferences.size > 0) return { kind: "preferences", preferences: [...preferences.values()] };
  const trouble = answers.find((answer) => answer.kind === "unavailable");
  if (trouble?.kind === "unavailable") return forNow(trouble.domainsFault ? "host" : "local", words.dnsTrouble);
  if (ours) return finally_(words.loopsBack);
  // DNS that answers with private addresses may be lying for a while: the mail waits.
  return forbidden ? forNow("host", words.addressNotAllowed) : finally_(words.noAddress);
}

function shuffled<T>(list: readonly T[]): T[] {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}
