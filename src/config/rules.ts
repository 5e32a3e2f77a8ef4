/** What settings have to do with each other, and values that are spelled well and unsafe all the same. */
import { statSync } from "node:fs";
import { isIPv6 } from "node:net";
import type { Fault } from "./fault.ts";
import type { Given } from "./given.ts";
import type { SettingKey } from "./settings.ts";
import type { Settings } from "./settings-tree.ts";
import { type ListenAddress, listen, type Network, networks } from "./types/addresses.ts";

/** `broken` stops the start; `unwise` is said and obeyed. */
export type Findings = { readonly broken: readonly Fault[]; readonly unwise: readonly Fault[] };

/** Checks settings against each other. `given` tells where each stands. */
export function checkRules(settings: Settings, given: ReadonlyMap<string, Given>): Findings {
  /** A finding about the first of `keys` that somebody gave: the others are defaults. */
  const about = (keys: readonly SettingKey[], what: string, hint: string): Fault => {
    const at = keys.map((key) => given.get(key)).find((each) => each !== undefined);
    if (!at) return { where: "default", key: keys[0] ?? null, what, hint };
    return { where: at.where, key: at.layer === "environment" ? null : at.key, what, hint };
  };
  const broken = [...listenRules(settings), ...networkRules(settings), ...tlsRules(settings), ...oidcRules(settings)];
  const unwise = [...adviceOn(settings), ...neverReached(settings, given)];
  return {
    broken: broken.map((rule) => about(...rule)),
    unwise: [...unwise.map((rule) => about(...rule)), ...readableSecrets(settings, given)],
  };
}

type Rule = readonly [keys: readonly SettingKey[], what: string, hint: string];

/** Limits that a lower one keeps from ever being reached. Only where both were given: a default gives way without a word. */
function neverReached({ smtp, deliver, resolve }: Settings, given: ReadonlyMap<string, Given>): Rule[] {
  const pairs: readonly (readonly [SettingKey, number, SettingKey, number])[] = [
    ["smtp.header_size", smtp.headerSize, "smtp.size", smtp.size],
    ["smtp.line_length", smtp.lineLength, "smtp.size", smtp.size],
    ["smtp.data_rate_grace", smtp.dataRateGrace, "smtp.data_timeout", smtp.dataTimeout],
    ["smtp.connections_per_client", smtp.connectionsPerClient, "smtp.connections", smtp.connections],
    ["deliver.first_concurrency", deliver.firstConcurrency, "deliver.concurrency", deliver.concurrency],
    ["deliver.concurrency", deliver.concurrency, "deliver.workers", deliver.workers * deliver.share],
    ["deliver.connect_timeout", deliver.connectTimeout, "deliver.attempt_timeout", deliver.attemptTimeout],
    ["deliver.greeting_timeout", deliver.greetingTimeout, "deliver.attempt_timeout", deliver.attemptTimeout],
    ["deliver.command_timeout", deliver.commandTimeout, "deliver.attempt_timeout", deliver.attemptTimeout],
    ["deliver.attempt_timeout", deliver.attemptTimeout, "deliver.large_attempt_timeout", deliver.largeAttemptTimeout],
    ["resolve.recipients", resolve.recipients, "resolve.message_recipients", resolve.messageRecipients],
  ];
  return pairs
    .filter(([first, value, second, bound]) => value > bound && given.has(first) && given.has(second))
    .map(([first, , second]) => [[first], `${first} is never reached: ${second} is lower`, ""]);
}

/** No two listeners at one address; the wildcard of a family takes every address of it. */
function listenRules({ smtp, submission, submissions, http, metrics }: Settings): Rule[] {
  const all: readonly (readonly [SettingKey, readonly ListenAddress[]])[] = [
    ["smtp.listen", smtp.listen],
    ["submission.listen", submission.listen],
    ["submissions.listen", submissions.listen],
    ["http.listen", http.listen],
    ["metrics.listen", metrics.listen],
  ];
  const flat = all.flatMap(([key, addresses]) => addresses.map((address) => ({ key, address })));
  return flat.flatMap((one, i): Rule[] => {
    const other = flat.slice(0, i).find(({ address }) => collide(address, one.address));
    if (!other) return [];
    const name = (listener: typeof one) => `${listener.key} (${listen.show([listener.address])})`;
    return [[[one.key, other.key], `${name(other)} and ${name(one)} cannot both listen`, "give one of them another port"]];
  });
}

const WILDCARD = /^[0:.]+$/; // 0.0.0.0, ::, 0:0:0:0:0:0:0:0

function collide(a: ListenAddress, b: ListenAddress): boolean {
  if (a.port !== b.port || a.port === 0 || isIPv6(a.host) !== isIPv6(b.host)) return false;
  return a.host === b.host || WILDCARD.test(a.host) || WILDCARD.test(b.host);
}

/** Networks no campus has: whoever writes one opens the relay, or the inside of the network, to the world. */
function networkRules({ relay, deliver }: Settings): Rule[] {
  const tooWide = (n: Network) => (n.family === "ipv4" ? n.prefix < 8 : n.prefix < 19 && !(/^f[cd]/.test(n.address) && n.prefix >= 7));
  const rules = (key: SettingKey, list: readonly Network[], danger: string): Rule[] =>
    list
      .filter(tooWide)
      .map((n) => [[key], `${networks.show([n])} is too wide: ${danger}`, "name the networks themselves, at least /8 (IPv6: /19)"]);
  return [
    ...rules("relay.trusted_networks", relay.trustedNetworks, "it makes an open relay"),
    ...rules("deliver.allowed_networks", deliver.allowedNetworks, "any stranger's MX record could point inside"),
  ];
}

function tlsRules({ tls }: Settings): Rule[] {
  if ((tls.cert === null) === (tls.key === null)) return [];
  const [has, lacks]: [SettingKey, SettingKey] = tls.cert === null ? ["tls.key", "tls.cert"] : ["tls.cert", "tls.key"];
  return [[[has], `${has} is set and ${lacks} is not`, "a certificate and its key go together"]];
}

function oidcRules({ oidc, http }: Settings): Rule[] {
  if (oidc.issuer === null) return [];
  if (oidc.clientId === null) return [[["oidc.issuer"], "oidc.issuer is set and oidc.client_id is not", "the provider must know who asks"]];
  // Without it the panel is on this machine alone, and so must be whoever sends people back to it.
  if (http.publicUrl !== null || oidc.issuer.startsWith("http:")) return [];
  return [[["oidc.issuer"], "oidc.issuer is set and http.public_url is not", "the provider sends people back to it"]];
}

function adviceOn({ hostname, services, smtp }: Settings): Rule[] {
  const rules: Rule[] = [];
  if (!hostname.includes(".")) {
    rules.push([
      ["hostname"],
      `"${hostname}" is a single label, and other servers expect a full name`,
      'set it as in "mail.campus.example"',
    ]);
  }
  if (services.includes("receive") && smtp.listen.length === 0) {
    rules.push([["smtp.listen", "services"], "mail is to be received and no listener is on", "set smtp.listen"]);
  }
  // RFC 5321 §4.5.3.1.7: at least 64K octets.
  if (smtp.size < 64 * 1024) rules.push([["smtp.size"], "is below what every server must take (RFC 5321: 64 KiB)", ""]);
  return rules;
}

/** Secrets that every account of the machine can read. */
function readableSecrets({ tls }: Settings, given: ReadonlyMap<string, Given>): Fault[] {
  const found: Fault[] = [];
  const look = (file: string, at: Given, what: string) => {
    if (readableByAll(file))
      found.push({ where: at.where, key: at.layer === "environment" ? null : at.key, what, hint: `chmod o-r ${file}` });
  };
  for (const at of given.values()) {
    if (at.secretFile !== null) look(at.secretFile, at, "every account of this machine can read the secret");
  }
  const key = given.get("tls.key");
  if (tls.key !== null && key) look(tls.key, key, "every account of this machine can read the private key");
  return found;
}

function readableByAll(file: string): boolean {
  try {
    return (statSync(file).mode & 0o004) !== 0;
  } catch {
    return false; // missing: whoever opens it says so
  }
}
