/** The large mailbox providers, told by the domain that mail goes to or by the host that took it: what one of them does concerns all its domains. */

type Provider = {
  readonly name: string;
  readonly domains: readonly string[] /** Ends of the names of its hosts. */;
  readonly hosts: readonly string[];
};

const PROVIDERS: readonly Provider[] = [
  { name: "Gmail", domains: ["gmail.com", "googlemail.com"], hosts: ["google.com", "googlemail.com"] },
  {
    name: "Microsoft",
    domains: ["outlook.com", "hotmail.com", "live.com", "msn.com", "outlook.de", "hotmail.co.uk", "hotmail.de", "hotmail.fr"],
    hosts: ["protection.outlook.com", "olc.protection.outlook.com", "mx.microsoft"],
  },
  { name: "Yahoo", domains: ["yahoo.com", "yahoo.co.uk", "yahoo.de", "ymail.com", "aol.com"], hosts: ["yahoodns.net"] },
  { name: "iCloud", domains: ["icloud.com", "me.com", "mac.com"], hosts: ["mail.icloud.com"] },
  { name: "GMX and WEB.DE", domains: ["gmx.de", "gmx.net", "gmx.com", "web.de"], hosts: ["gmx.net", "web.de"] },
  { name: "Proton", domains: ["proton.me", "protonmail.com", "pm.me"], hosts: ["protonmail.ch"] },
];

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
const hostOf = (relay: string): string => relay.slice(0, relay.indexOf("[") < 0 ? undefined : relay.indexOf("[")).toLowerCase();

/** The provider's name, else the domain itself. `relay`: as in the trace, `host[address]:port`. */
export function partyOf(destination: string, relay: string | null): string {
  const host = relay === null ? "" : hostOf(relay);
  const known = PROVIDERS.find(
    ({ domains, hosts }) => domains.includes(destination) || hosts.some((end) => host === end || host.endsWith(`.${end}`)),
  );
  return known?.name ?? destination;
}

/** The same in SQL, from two columns. */
export function partySql(destination: string, relay: string): string {
  const host = `lower(split_part(${relay}, '[', 1))`;
  const cases = PROVIDERS.map(
    ({ name, domains, hosts }) =>
      `when ${destination} in (${domains.map(literal).join(", ")}) or ${host} in (${hosts.map(literal).join(", ")}) or ${host} like any(array[${hosts.map((end) => literal(`%.${end}`)).join(", ")}]) then ${literal(name)}`,
  );
  return `case ${cases.join(" ")} else ${destination} end`;
}
