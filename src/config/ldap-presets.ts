/** What is usual in LDAP directories, as data: a preset fills in what a source leaves out. docs/ldap.md has an example of each. */

/** Templates: `attribute`, or `attribute=pattern` with {address}, {local} or {domain}. */
export type PeopleShape = {
  readonly filter: string;
  readonly address: readonly string[];
  /** Templates of the mailbox: the first whose attributes a person has. */
  readonly mailbox: readonly string[];
  readonly login: string;
  /** The attribute that says student, staff, …: policies and limits go by it. */
  readonly affiliation?: string;
};

export type GroupShape = {
  readonly filter: string;
  readonly address: readonly string[];
  /** Attributes that name members: by DN, by address, by login. */
  readonly memberDn: readonly string[];
  readonly memberAddress: readonly string[];
  readonly memberUid: readonly string[];
};

export type Preset = { readonly people?: PeopleShape; readonly groups?: GroupShape };

/** Of eduPerson, which universities add to what people are there. Where it is not, nobody has an affiliation. */
const EDU_PERSON = "eduPersonPrimaryAffiliation";

const NO_MEMBERS = { memberDn: [], memberAddress: [], memberUid: [] };

const group = (objectClass: string, members: Partial<GroupShape>, address: readonly string[] = ["mail", "cn={local}"]): Preset => ({
  groups: { filter: `(objectClass=${objectClass})`, address, ...NO_MEMBERS, ...members },
});

export const presets = {
  /** draft-lachman-laser-ldap-mail-routing: as at many universities in the United States. */
  inetLocalMailRecipient: {
    people: {
      filter: "(objectClass=inetLocalMailRecipient)",
      address: ["mailLocalAddress"],
      mailbox: ["{mailRoutingAddress}", "{uid}@{mailHost}"],
      login: "uid",
      affiliation: EDU_PERSON,
    },
  },
  /** RFC 2798. `mail` is where the mail goes: when it is at a domain of ours, people.mailbox must say where that is. */
  inetOrgPerson: {
    people: {
      filter: "(objectClass=inetOrgPerson)",
      address: ["mail", "mailAlternateAddress"],
      mailbox: ["{mail}"],
      login: "uid",
      affiliation: EDU_PERSON,
    },
  },
  "qmail-ldap": {
    people: {
      filter: "(&(objectClass=qmailUser)(!(accountStatus=disabled))(!(accountStatus=deleted)))",
      address: ["mail", "mailAlternateAddress"],
      mailbox: ["{mailForwardingAddress}", "{uid}@{mailHost}"],
      login: "uid",
      affiliation: EDU_PERSON,
    },
  },
  /** RFC 2307's aliases, as Sun and FreeIPA have them. */
  nisMailAlias: group("nisMailAlias", { memberAddress: ["rfc822MailMember"] }, ["cn={local}"]),
  /** RFC 4519 §3.5 and §3.6. */
  groupOfNames: group("groupOfNames", { memberDn: ["member"] }),
  groupOfUniqueNames: group("groupOfUniqueNames", { memberDn: ["uniqueMember"] }),
  /** RFC 2307 §4: members are login names. */
  posixGroup: group("posixGroup", { memberUid: ["memberUid"] }, ["cn={local}"]),
  /** Netscape, Sun and Oracle messaging. */
  mgrp: group("mailGroup", { memberDn: ["uniqueMember"], memberAddress: ["mgrpRFC822MailMember"] }, ["mail", "mailAlternateAddress"]),
  activeDirectory: {
    people: {
      filter: "(&(objectCategory=person)(objectClass=user)(!(userAccountControl:1.2.840.113556.1.4.803:=2)))",
      address: ["proxyAddresses=smtp:{address}", "mail"],
      mailbox: ["{targetAddress}", "{mail}"],
      login: "sAMAccountName",
    },
    groups: {
      filter: "(objectClass=group)",
      address: ["proxyAddresses=smtp:{address}", "mail"],
      ...NO_MEMBERS,
      memberDn: ["member"],
    },
  },
} as const satisfies Record<string, Preset>;
