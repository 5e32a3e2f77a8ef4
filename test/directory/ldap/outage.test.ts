/** The directory is killed, frozen, slow, or not who it says it is, while people ask: right or "unavailable", and never "absent". */
import { afterAll, afterEach, beforeAll, expect, it, test } from "vitest";
import { type PeopleShape, presets } from "../../../src/config/ldap-presets.ts";
import { selfSigned } from "../../../src/config/self-signed.ts";
import { type LdapSource, openLdapSource } from "../../../src/directory/ldap/open-source.ts";
import type { LdapSourceSettings } from "../../../src/directory/ldap/settings.ts";
import { eventually } from "../../support/eventually.ts";
import { mailbox } from "../../support/mailbox.ts";
import { needs } from "../../support/needs.ts";
import { type Slapd, SUFFIX, sourceAt, startSlapd } from "../../support/slapd.ts";

const PEOPLE = 1000;
const MEMBERS = 5000;
const person = (i: number) =>
  `dn: uid=p${i},ou=people,${SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: inetLocalMailRecipient\ncn: p${i}\nsn: p\nuid: p${i}\nmailLocalAddress: p${i}@campus.test\nmailRoutingAddress: p${i}@mbx.test\n`;
const group = (cn: string, count: number) =>
  `dn: cn=${cn},ou=groups,${SUFFIX}\nobjectClass: groupOfNames\ncn: ${cn}\n${Array.from({ length: count }, (_, i) => `member: uid=p${i},ou=people,${SUFFIX}`).join("\n")}\n`;

needs("slapd", "ldapmodify")("a directory of a thousand people and more", () => {
  let slapd: Slapd;
  const opened: LdapSource[] = [];
  const tls = { cert: "", key: "" };
  beforeAll(async () => {
    const made = selfSigned("localhost", new Date());
    Object.assign(tls, made);
    const ldif = [...Array.from({ length: MEMBERS }, (_, i) => person(i)), group("thousand", PEOPLE), group("many", MEMBERS)].join("\n");
    slapd = await startSlapd({ ldif, database: "index mailLocalAddress eq\nlimits * size=unlimited", tls: made });
  }, 60_000);
  afterEach(() => {
    for (const source of opened.splice(0)) source.close();
  });
  afterAll(() => slapd?.remove());

  function open(more: Partial<LdapSourceSettings> = {}): LdapSource {
    const source = openLdapSource(
      {
        ...sourceAt(slapd),
        people: { ...(presets.inetLocalMailRecipient.people as PeopleShape), base: `ou=people,${SUFFIX}`, affiliation: null },
        groups: {
          ...presets.groupOfNames.groups,
          filter: "(objectClass=groupOfNames)",
          base: `ou=groups,${SUFFIX}`,
          memberUid: [],
          memberAddress: [],
          memberDn: ["member"],
          address: ["cn={local}"],
        },
        connectTimeout: 500,
        queryTimeout: 500,
        ...more,
      },
      async () => ["campus.test"],
    );
    opened.push(source);
    return source;
  }
  const ask = async (source: LdapSource, address = "p1@campus.test") => {
    const answer = await source.lookup([mailbox(address)]);
    return answer.kind === "found" ? (answer.value.entries.get(address)?.targets[0]?.key ?? "absent") : answer.kind;
  };

  test.each([
    ["thousand", PEOPLE],
    ["many", MEMBERS],
  ])("the group %s is whole, and its members come with it", async (cn, count) => {
    const answer = await open({ queryTimeout: 3000 }).lookup([mailbox(`${cn}@campus.test`)]);
    if (answer.kind !== "found") throw new Error(answer.kind);
    expect(answer.value.entries.get(`${cn}@campus.test`)?.targets).toHaveLength(count);
    expect(answer.value.entries.size).toBe(count + 1);
  });

  it("lists everybody, page by page", async () => {
    const kinds = { person: 0, group: 0 };
    for await (const { kind } of open({ queryTimeout: 3000 }).all()) kinds[kind]++;
    expect(kinds).toEqual({ person: MEMBERS, group: 2 });
  });

  it("many questions at once share a few connections, and all are answered", async () => {
    const source = open({ queryTimeout: 3000 });
    const answers = await Promise.all(Array.from({ length: 500 }, (_, i) => ask(source, `p${i}@campus.test`)));
    expect(answers).toEqual(Array.from({ length: 500 }, (_, i) => `p${i}@mbx.test`));
  });

  test.each<NodeJS.Signals>(["SIGKILL", "SIGSTOP"])(
    "%s under load: right or unavailable, never absent; and it comes back by itself",
    async (signal) => {
      const source = open();
      const heard = new Set<string>();
      let isOver = false;
      const asking = Array.from({ length: 8 }, async (_, i) => {
        while (!isOver) {
          heard.add(await ask(source, `p${i}@campus.test`).then((said) => (said === `p${i}@mbx.test` ? "right" : said)));
          await new Promise((wake) => setTimeout(wake, 5));
        }
      });
      await eventually(() => expect(heard).toEqual(new Set(["right"])));
      if (signal === "SIGKILL") await slapd.stop("SIGKILL");
      else slapd.signal("SIGSTOP");
      await eventually(() => expect(heard).toContain("unavailable"));
      if (signal === "SIGKILL") await slapd.start();
      else slapd.signal("SIGCONT");
      heard.clear();
      await eventually(async () => expect(await ask(source)).toBe("p1@mbx.test"));
      isOver = true;
      await Promise.all(asking);
      expect([...heard].filter((said) => said !== "right" && said !== "unavailable")).toEqual([]);
    },
  );

  it("goes to the second server when the first is away", async () => {
    expect(await ask(open({ urls: ["ldap://127.0.0.1:1", slapd.url] }))).toBe("p1@mbx.test");
  });

  it("speaks TLS, from the start or by StartTLS, with who has a certificate of its CA, and with nobody else", async () => {
    const named = slapd.url.replace("127.0.0.1", "localhost");
    const secure = (slapd.ldapsUrl ?? "").replace("127.0.0.1", "localhost");
    expect(await ask(open({ urls: [named], starttls: true, ca: tls.cert }))).toBe("p1@mbx.test");
    expect(await ask(open({ urls: [secure], ca: tls.cert }))).toBe("p1@mbx.test");
    const other = selfSigned("localhost", new Date());
    for (const settings of [{ urls: [named], starttls: true }, { urls: [secure] }])
      for (const ca of [null, other.cert]) expect(await ask(open({ ...settings, ca }))).toBe("unavailable");
  });
});
