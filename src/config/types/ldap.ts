/** The list of LDAP sources: structures, so the settings file alone can hold them. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Fault, quoted } from "../fault.ts";
import { type GroupShape, type PeopleShape, type Preset, presets } from "../ldap-presets.ts";
import { Section } from "../section.ts";
import { type SettingType, scalar, Wrong } from "../setting.ts";
import type { Structure } from "../structure.ts";
import { duration, integer, oneOf } from "./measures.ts";
import { hostname, path } from "./names.ts";

/** One source, presets filled in. Times in milliseconds, paths absolute. */
export type LdapSettings = {
  readonly name: string;
  /** Tried in this order. */
  readonly urls: readonly string[];
  readonly starttls: boolean;
  /** PEM; null: the certificates Node trusts. */
  readonly ca: string | null;
  /** The password is read when we bind: a new one needs no restart. */
  readonly bind: { readonly dn: string; readonly passwordFile: string } | null;
  /** It is asked for addresses at these domains only; null: at all of ours. */
  readonly domains: readonly string[] | null;
  readonly people: (Omit<PeopleShape, "affiliation"> & { readonly base: string; readonly affiliation: string | null }) | null;
  readonly groups: (GroupShape & { readonly base: string }) | null;
  readonly connectTimeout: number;
  readonly queryTimeout: number;
  readonly connections: number;
};

const plain = (name: string, pattern: RegExp, hint: string): SettingType<string> =>
  scalar(name, (text) => (pattern.test(text) ? text : new Wrong(`${quoted(text)} is not ${name}`, hint)), String);

const sourceName = plain("a name of a source", /^[a-z0-9][a-z0-9-]{0,31}$/, "lower-case letters, digits and -");
const ldapUrl = plain(
  "the URL of an LDAP server",
  /^ldaps?:\/\/(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?\/?$/,
  'as in "ldaps://ldap.campus.example"',
);
const dn = plain("a distinguished name", /^[A-Za-z0-9.-]+\s*=.+/, 'as in "ou=people,dc=campus,dc=example"');
const attribute = plain("an attribute", /^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'as in "mail"');
const filter = plain("a filter", /^\(.*\)$/s, 'in parentheses, as in "(objectClass=person)"');
const addressTemplate = plain(
  "a template of an address",
  /^[A-Za-z][A-Za-z0-9-]{0,63}(=[^{}]*(\{address\}|\{local\}(@\{domain\})?)[^{}]*)?$/,
  'an attribute as in "mail", or one with its pattern, as in "proxyAddresses=smtp:{address}" or "cn={local}"',
);
const mailboxTemplate = plain(
  "a template of a mailbox",
  /^[^{}]*(\{[A-Za-z][A-Za-z0-9-]{0,63}\}[^{}]*)+$/,
  'with attributes in braces, as in "{mailRoutingAddress}" or "{uid}@mbx.campus.example"',
);
const flag = oneOf("true", "false");
const presetName = oneOf(...(Object.keys(presets) as [string, ...string[]]));

export const ldapSources: SettingType<readonly LdapSettings[]> & {
  structured(structure: Structure, folder: string): readonly LdapSettings[] | readonly Fault[];
} = {
  ...scalar(
    "list of directories",
    () => [] as readonly LdapSettings[],
    (sources) => sources.map(({ name }) => name).join(","),
  ),
  structured(structure, folder) {
    const faults: Fault[] = [];
    const items = structure.kind === "list" ? structure.items : structure.kind === "text" && structure.text === "" ? [] : [structure];
    const sources = items.map((item, i) => readSource(new Section(item, `ldap[${i}]`, faults), folder));
    const names = sources.map(({ name }) => name);
    for (const [i, name] of names.entries()) {
      if (names.indexOf(name) < i)
        faults.push({
          where: items[i]?.where ?? "",
          key: `ldap[${i}].name`,
          what: `${quoted(name)} is the name of another source`,
          hint: "",
        });
    }
    return faults.length > 0 ? faults : sources;
  },
};

function readSource(section: Section, folder: string): LdapSettings {
  const preset = presetOf(section);
  const base = section.value("base", dn);
  const source = {
    name: section.value("name", sourceName) ?? "",
    urls: section.values("url", ldapUrl) ?? [],
    starttls: section.value("starttls", flag) === "true",
    ca: fileOf(section, "ca", folder),
    bind: bindOf(section, folder),
    domains: section.values("domains", hostname),
    people: peopleOf(section.section("people"), preset.people, base),
    groups: groupsOf(section.section("groups"), preset.groups, base),
    connectTimeout: section.value("connect_timeout", duration("100ms", "30s")) ?? 2000,
    queryTimeout: section.value("query_timeout", duration("100ms", "30s")) ?? 3000,
    connections: section.value("connections", integer(1, 64)) ?? 4,
  };
  if (!section.has("name")) section.fault(null, "has no name", "give it one, as in name: campus");
  if (!section.has("url")) section.fault(null, "has no url", 'as in url: "ldaps://ldap.campus.example"');
  if (source.starttls && source.urls.some((url) => url.startsWith("ldaps:")))
    section.fault("starttls", "ldaps:// is encrypted from the first octet", "leave starttls out, or write ldap://");
  if (source.people === null && source.groups === null && !section.has("preset"))
    section.fault(
      null,
      "knows neither people nor groups",
      `name a preset (${Object.keys(presets).join(", ")}), or write people: and groups:`,
    );
  section.end();
  return source;
}

/** Of several presets each fills what those before leave open. */
function presetOf(section: Section): Preset {
  const names = section.values("preset", presetName) ?? [];
  return names.reduce<Preset>((all, name) => ({ ...(presets as Record<string, Preset>)[name], ...all }), {});
}

function peopleOf(section: Section | null, preset: PeopleShape | undefined, base: string | null): LdapSettings["people"] {
  if (section === null && preset === undefined) return null;
  const shape = {
    base: section?.value("base", dn) ?? base ?? "",
    filter: section?.value("filter", filter) ?? preset?.filter ?? "",
    address: section?.values("address", addressTemplate) ?? preset?.address ?? [],
    mailbox: section?.values("mailbox", mailboxTemplate) ?? preset?.mailbox ?? [],
    login: section?.value("login", attribute) ?? preset?.login ?? "uid",
    affiliation: section?.value("affiliation", attribute) ?? preset?.affiliation ?? null,
  };
  if (section !== null) complete(section, { base: shape.base, filter: shape.filter, address: shape.address, mailbox: shape.mailbox });
  section?.end();
  return shape;
}

function groupsOf(section: Section | null, preset: GroupShape | undefined, base: string | null): LdapSettings["groups"] {
  if (section === null && preset === undefined) return null;
  const shape = {
    base: section?.value("base", dn) ?? base ?? "",
    filter: section?.value("filter", filter) ?? preset?.filter ?? "",
    address: section?.values("address", addressTemplate) ?? preset?.address ?? [],
    memberDn: section?.values("member_dn", attribute) ?? preset?.memberDn ?? [],
    memberAddress: section?.values("member_address", attribute) ?? preset?.memberAddress ?? [],
    memberUid: section?.values("member_uid", attribute) ?? preset?.memberUid ?? [],
  };
  if (section !== null) complete(section, { base: shape.base, filter: shape.filter, address: shape.address });
  section?.end();
  return shape;
}

function complete(section: Section, needed: Readonly<Record<string, string | readonly string[]>>): void {
  for (const [key, value] of Object.entries(needed))
    if (value.length === 0 && !section.has(key)) section.fault(null, `has no ${key}`, "write it, or name a preset that has it");
}

function fileOf(section: Section, key: string, folder: string): string | null {
  const name = section.value(key, path);
  if (name === null) return null;
  try {
    return readFileSync(resolve(folder, name), "utf8");
  } catch (error) {
    section.fault(key, `${quoted(name)} cannot be read (${(error as NodeJS.ErrnoException).code ?? "unknown error"})`);
    return null;
  }
}

/** An empty password would be taken for an anonymous success (RFC 4513 §5.1.2). */
function bindOf(section: Section, folder: string): LdapSettings["bind"] {
  const name = section.value("bind_dn", dn);
  const file = section.value("bind_password_file", path);
  const password = fileOf(section, "bind_password_file", folder);
  if (section.has("bind_dn") !== section.has("bind_password_file"))
    section.fault(section.has("bind_dn") ? "bind_dn" : "bind_password_file", "stands alone", "bind_dn and bind_password_file go together");
  if (password?.trim() === "") section.fault("bind_password_file", "is empty");
  return name === null || file === null ? null : { dn: name, passwordFile: resolve(folder, file) };
}
