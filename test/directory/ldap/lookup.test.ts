/** What real directories say, in the shapes that campuses have. */
import { afterAll, beforeAll, expect, it, test } from "vitest";
import { type GroupShape, type PeopleShape, type Preset, presets } from "../../../src/config/ldap-presets.ts";
import { type LdapSource, openLdapSource } from "../../../src/directory/ldap/open-source.ts";
import type { LdapSourceSettings } from "../../../src/directory/ldap/settings.ts";
import type { Mailbox } from "../../../src/mail/mailbox.ts";
import { mailbox } from "../../support/mailbox.ts";
import { needs } from "../../support/needs.ts";
import { ADMIN, type Slapd, SUFFIX, sourceAt, startSlapd } from "../../support/slapd.ts";

/** The parts of Active Directory's schema that mail needs; ranges of values are Windows' own, and no slapd gives them. */
const AD_SCHEMA = `
attributetype ( 1.2.840.113556.1.2.210 NAME 'proxyAddresses' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.2.415 NAME 'targetAddress' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.782 NAME 'objectCategory' EQUALITY caseIgnoreMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
objectclass ( 1.2.840.113556.1.5.9 NAME 'user' SUP top STRUCTURAL MUST cn MAY ( proxyAddresses $ mail $ sAMAccountName $ userAccountControl $ targetAddress $ objectCategory ) )
objectclass ( 1.2.840.113556.1.5.8 NAME 'group' SUP top STRUCTURAL MUST cn MAY ( proxyAddresses $ mail $ member ) )
attributetype ( 1.3.6.1.4.1.7914.1.2.1.9 NAME 'mailForwardingAddress' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
attributetype ( 1.3.6.1.4.1.7914.1.2.1.5 NAME 'mailAlternateAddress' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
attributetype ( 1.3.6.1.4.1.7914.1.2.1.11 NAME 'accountStatus' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
objectclass ( 1.3.6.1.4.1.7914.1.2.2.1 NAME 'qmailUser' SUP top AUXILIARY MAY ( mail $ mailAlternateAddress $ mailForwardingAddress $ accountStatus $ mailHost ) )
attributetype ( 2.16.840.1.113730.3.1.30 NAME 'mgrpRFC822MailMember' EQUALITY caseIgnoreIA5Match SYNTAX 1.3.6.1.4.1.1466.115.121.1.26 )
objectclass ( 2.16.840.1.113730.3.2.4 NAME 'mailGroup' SUP top STRUCTURAL MUST cn MAY ( mail $ mailAlternateAddress $ uniqueMember $ mgrpRFC822MailMember ) )
objectclass ( 1.3.6.1.4.1.99999.1 NAME 'mailable' SUP top AUXILIARY MAY ( mail $ mailAlternateAddress ) )
`;

const person = (uid: string, more: string) => `dn: uid=${uid},ou=people,${SUFFIX}
objectClass: inetOrgPerson
cn: ${uid}
sn: ${uid}
uid: ${uid}
userPassword: pass-${uid}
${more}
`;
const group = (cn: string, more: string) => `dn: cn=${cn},ou=groups,${SUFFIX}\ncn: ${cn}\n${more}\n`;
const dnOf = (uid: string) => `uid=${uid},ou=people,${SUFFIX}`;

const LDIF = [
  person(
    "ann",
    "objectClass: inetLocalMailRecipient\nmailLocalAddress: ann@campus.test\nmailLocalAddress: Ann.Smith@campus.test\nmailRoutingAddress: ann@mbx.test\nemployeeType: Staff",
  ),
  person("bob", "objectClass: inetLocalMailRecipient\nmailLocalAddress: bob@campus.test\nmailHost: mbx.test"),
  person("cleo", "mail: cleo@mbx.test"),
  person("dan", "objectClass: qmailUser\nmail: dan@campus.test\nmailForwardingAddress: dan@one.test\nmailForwardingAddress: dan@two.test"),
  person("off", "objectClass: qmailUser\nmail: off@campus.test\nmailForwardingAddress: off@one.test\naccountStatus: disabled"),
  person("twin1", "objectClass: inetLocalMailRecipient\nmailLocalAddress: twin@campus.test\nmailRoutingAddress: a@mbx.test"),
  person("twin2", "objectClass: inetLocalMailRecipient\nmailLocalAddress: twin@campus.test\nmailRoutingAddress: b@mbx.test"),
  person(
    "evil",
    "objectClass: qmailUser\nmail: evil@campus.test\nmailForwardingAddress: x@127.0.0.1\nmailForwardingAddress: |cmd\nmailForwardingAddress: a@b.test, c@d.test\nmailForwardingAddress: good@mbx.test",
  ),
  person("alt", "objectClass: mailable\nmail: alt@mbx.test\nmailAlternateAddress: alt@campus.test"),
  group("half", `objectClass: groupOfNames\nmember: ${dnOf("ann")}\nmember: ${dnOf("twin1")}`),
  group(
    "names",
    `objectClass: groupOfNames\nobjectClass: mailable\nmail: names@campus.test\nmember: ${dnOf("ann")}\nmember: ${dnOf("bob").toUpperCase().replace("UID", "uid")}\nmember: ${dnOf("gone")}\nmember: cn=inner,ou=groups,${SUFFIX}\nmember: cn=posix,ou=groups,${SUFFIX}`,
  ),
  group(
    "inner",
    `objectClass: groupOfNames\nmember: ${dnOf("cleo")}\nmember: cn=names,ou=groups,${SUFFIX}\nmember: cn=inner,ou=groups,${SUFFIX}`,
  ),
  group("unique", `objectClass: groupOfUniqueNames\nuniqueMember: ${dnOf("bob")}\nuniqueMember: cn=odd\\2C name\\+,ou=people,${SUFFIX}`),
  `dn: cn=odd\\, name\\+,ou=people,${SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: inetLocalMailRecipient\ncn: odd, name+\nsn: odd\nmailLocalAddress: odd@campus.test\nmailRoutingAddress: odd@mbx.test\n`,
  group("posix", "objectClass: posixGroup\ngidNumber: 7\nmemberUid: ann\nmemberUid: nobody"),
  group("nis", "objectClass: nisMailAlias\nrfc822MailMember: ann\nrfc822MailMember: out@elsewhere.test\nrfc822MailMember: not an address"),
  group("mgrp", `objectClass: mailGroup\nmail: mgrp@campus.test\nuniqueMember: ${dnOf("ann")}\nmgrpRFC822MailMember: out@elsewhere.test`),
  `dn: cn=Ad User,ou=people,${SUFFIX}\nobjectClass: user\ncn: Ad User\nobjectCategory: person\nsAMAccountName: aduser\nuserAccountControl: 512\nproxyAddresses: SMTP:Ad.User@campus.test\nproxyAddresses: smtp:ad@campus.test\nproxyAddresses: X500:/o=x\ntargetAddress: SMTP:aduser@tenant.test\n`,
  `dn: cn=Ad Off,ou=people,${SUFFIX}\nobjectClass: user\ncn: Ad Off\nobjectCategory: person\nuserAccountControl: 514\nproxyAddresses: smtp:adoff@campus.test\nmail: adoff@tenant.test\n`,
  `dn: cn=Ad Group,ou=groups,${SUFFIX}\nobjectClass: group\ncn: Ad Group\nproxyAddresses: SMTP:adgroup@campus.test\nmember: cn=Ad User,ou=people,${SUFFIX}\n`,
].join("\n");

needs("slapd", "ldapmodify")("an LDAP source", () => {
  let slapd: Slapd;
  const opened: LdapSource[] = [];
  beforeAll(async () => {
    slapd = await startSlapd({ schema: AD_SCHEMA, ldif: LDIF, global: "sizelimit 100" });
  }, 30_000);
  afterAll(async () => {
    for (const source of opened) source.close();
    await slapd?.remove();
  });

  function open(names: readonly (keyof typeof presets)[], more: Partial<LdapSourceSettings> = {}): LdapSource {
    const preset = names.reduce<Preset>((all, name) => ({ ...presets[name], ...all }), {});
    const people = preset.people as PeopleShape | undefined;
    const groups = preset.groups as GroupShape | undefined;
    const settings: LdapSourceSettings = {
      ...sourceAt(slapd),
      people: people === undefined ? null : { ...people, base: `ou=people,${SUFFIX}`, affiliation: "employeeType" },
      groups: groups === undefined ? null : { ...groups, base: `ou=groups,${SUFFIX}` },
      ...more,
    };
    const source = openLdapSource(settings, async () => ["campus.test"]);
    opened.push(source);
    return source;
  }

  /** What the source says of an address, in a line. */
  async function says(source: LdapSource, address: string): Promise<string> {
    const answer = await source.lookup([mailbox(address)]);
    if (answer.kind !== "found") return answer.kind;
    if (answer.value.twins.has(mailbox(address).key)) return "twins";
    const entry = answer.value.entries.get(mailbox(address).key);
    if (entry === undefined) return "absent";
    const bad = entry.badTargets.length === 0 ? "" : ` | ${entry.badTargets.join(" | ")}`;
    return `${entry.kind}: ${entry.targets
      .map(({ key }) => key)
      .sort()
      .join(" ")}${bad}`;
  }

  test.each<[(keyof typeof presets)[], string, string]>([
    [["inetLocalMailRecipient"], "ann@campus.test", "person: ann@mbx.test"],
    [["inetLocalMailRecipient"], "ann.smith@campus.test", "person: ann@mbx.test"],
    [["inetLocalMailRecipient"], "bob@campus.test", "person: bob@mbx.test"],
    [["inetLocalMailRecipient"], "cleo@campus.test", "absent"],
    [["inetLocalMailRecipient"], "twin@campus.test", "twins"], // two entries where one is right
    [["qmail-ldap"], "evil@campus.test", "person: good@mbx.test | x@127.0.0.1 | |cmd | a@b.test, c@d.test"],
    [["inetOrgPerson"], "alt@campus.test", "person: alt@mbx.test"],
    [["qmail-ldap"], "dan@campus.test", "person: dan@one.test dan@two.test"],
    [["qmail-ldap"], "off@campus.test", "absent"],
    [["nisMailAlias"], "nis@campus.test", "group: ann@campus.test out@elsewhere.test | not an address"],
    [["inetLocalMailRecipient", "groupOfUniqueNames"], "unique@campus.test", "group: bob@campus.test odd@campus.test"],
    [["inetLocalMailRecipient", "posixGroup"], "posix@campus.test", "group: ann@campus.test | nobody (no such person or group)"],
    [["inetLocalMailRecipient", "mgrp"], "mgrp@campus.test", "group: ann@campus.test out@elsewhere.test"],
    [["activeDirectory"], "ad.user@campus.test", "person: aduser@tenant.test"],
    [["activeDirectory"], "ad@campus.test", "person: aduser@tenant.test"],
    [["activeDirectory"], "adoff@campus.test", "absent"],
    [["activeDirectory"], "adgroup@campus.test", "group: ad.user@campus.test"],
  ])("%j: %s", async (preset, address, expected) => {
    expect(await says(open(preset), address)).toBe(expected);
  });

  it("follows groups within groups without going round, whatever case a DN is written in, and names who is gone", async () => {
    const source = open(["inetLocalMailRecipient", "groupOfNames"]);
    expect(await says(source, "names@campus.test")).toBe(
      `group: ann@campus.test bob@campus.test inner@campus.test | ${dnOf("gone")} (no such person or group) | cn=posix,ou=groups,${SUFFIX} (no such person or group)`,
    );
    expect(await says(source, "inner@campus.test")).toMatch(/^group: names@campus.test \| uid=cleo/);
  });

  it("knows two with one address apart from their neighbours, and a group with them gets its mail where each keeps it", async () => {
    const source = open(["inetLocalMailRecipient", "groupOfNames"]);
    const answer = await source.lookup(["twin", "ann", "nobody"].map((local) => mailbox(`${local}@campus.test`)));
    if (answer.kind !== "found") throw new Error(answer.kind);
    expect([...answer.value.entries.keys()]).toEqual(["ann@campus.test"]);
    expect(answer.value.twins.get("twin@campus.test")?.toSorted()).toEqual([dnOf("twin1"), dnOf("twin2")]);
    expect(await says(source, "half@campus.test")).toBe("group: a@mbx.test ann@campus.test");
    expect((await source.check()).problems).toContain(
      `${dnOf("twin1")} and ${dnOf("twin2")} both have twin@campus.test: its mail waits (451)`,
    );
  });

  it("takes in a group that has no address of its own, once", async () => {
    const groups = { ...(presets.groupOfNames.groups as GroupShape), address: ["mail"], base: `ou=groups,${SUFFIX}` };
    const source = open(["inetLocalMailRecipient"], { groups });
    expect(await says(source, "names@campus.test")).toMatch(/^group: ann@campus.test bob@campus.test \| .*uid=cleo/);
  });

  test.each(["*", "a*)(uid=*", "\\2a", "ann\\", "\uff0a", "ann)(|(uid=*", "a".repeat(60)])("an address %j finds nobody", async (local) => {
    const source = open(["inetLocalMailRecipient", "groupOfNames"]);
    const address: Mailbox = { localPart: local, domain: "campus.test", key: `${local}@campus.test` };
    const answer = await source.lookup([address]);
    expect(answer.kind === "found" ? answer.value.entries.size : answer).toBe(0);
    expect((await source.authenticate(local, "x")).kind).toBe("absent");
  });

  it("signs in with the right password alone, and never without one", async () => {
    const source = open(["inetLocalMailRecipient"]);
    const right = await source.authenticate("ann", "pass-ann");
    expect(right.kind === "found" && [right.value.login, right.value.addresses.map(({ key }) => key), right.value.affiliation]).toEqual([
      "ann",
      ["ann@campus.test", "ann.smith@campus.test"],
      "staff",
    ]);
    for (const [login, password] of [
      ["ann", "wrong"],
      ["ann", ""],
      ["nobody", "pass-ann"],
      ["", ""],
      ["*", "pass-ann"],
      ["cleo", "pass-cleo"],
      ["ann@campus.test", "wrong"],
      ["bob@elsewhere.test", "pass-ann"],
    ] as const)
      expect((await source.authenticate(login, password)).kind, `${login} ${password}`).toBe("absent");
  });

  it("knows a person by login or address, without a password, and signs in by an address too", async () => {
    const source = open(["inetLocalMailRecipient"]);
    for (const login of ["ann", "ann@campus.test", "Ann.Smith@Campus.test"]) {
      expect(await source.person(login), login).toMatchObject({ kind: "found", value: { login: "ann", affiliation: "staff" } });
      expect((await source.authenticate(login, "pass-ann")).kind, login).toBe("found");
    }
    for (const login of ["", "*", "nobody", "ann@elsewhere.test", "ann)(uid=*"])
      expect((await source.person(login)).kind, login).toBe("absent");
  });

  it("calls an answer cut short, a wrong base or a wrong password unavailable, never absent", async () => {
    const source = open(["inetOrgPerson"], {
      people: { ...(presets.inetOrgPerson.people as PeopleShape), base: `ou=wrong,${SUFFIX}`, affiliation: null },
    });
    expect(await says(source, "ann@campus.test")).toBe("unavailable");
    const file = `${slapd.folder}/password`;
    const { writeFileSync } = await import("node:fs");
    writeFileSync(file, "not it\n");
    expect(await says(open(["inetOrgPerson"], { bind: { dn: ADMIN.dn, passwordFile: file } }), "ann@campus.test")).toBe("unavailable");
    writeFileSync(file, "\n");
    expect(await says(open(["inetOrgPerson"], { bind: { dn: ADMIN.dn, passwordFile: file } }), "ann@campus.test")).toBe("unavailable");
    writeFileSync(file, `${ADMIN.password}\n`);
    expect(await says(open(["inetOrgPerson"], { bind: { dn: ADMIN.dn, passwordFile: file } }), "ann@campus.test")).toBe("absent");
  });
});
