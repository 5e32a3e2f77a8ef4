/** The server with a directory behind it: people and groups get mail, an outage bounces nobody, and the guard holds back what cannot be. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freePort } from "../../scripts/free-port.ts";
import { capture } from "../../scripts/run.ts";
import { Client } from "../receive/client.ts";
import { testDirectory } from "../support/directory.ts";
import { eventually } from "../support/eventually.ts";
import { type Mailroom, startMailroom } from "../support/mailroom.ts";
import { needs } from "../support/needs.ts";
import { type Slapd, SUFFIX, startSlapd } from "../support/slapd.ts";

const dnOf = (i: number) => `uid=p${i},ou=people,${SUFFIX}`;
const person = (i: number) =>
  `dn: ${dnOf(i)}\nobjectClass: inetOrgPerson\nobjectClass: inetLocalMailRecipient\ncn: p${i}\nsn: p\nuid: p${i}\nuserPassword: secret-${i}\nmailLocalAddress: p${i}@campus.example\nmailRoutingAddress: p${i}@mbx.campus.example\n`;
const everybody = Array.from({ length: 40 }, (_, i) => i);

needs(
  "slapd",
  "ldapmodify",
  "curl",
)("people and groups from LDAP", () => {
  let slapd: Slapd;
  let mailroom: Mailroom;
  let submissions: number;
  let folder: Awaited<ReturnType<typeof testDirectory>>;

  beforeAll(async () => {
    const group = `dn: cn=all,ou=groups,${SUFFIX}\nobjectClass: groupOfNames\ncn: all\n${everybody.map((i) => `member: ${dnOf(i)}`).join("\n")}\n`;
    slapd = await startSlapd({ ldif: [...everybody.map(person), group].join("\n") });
    folder = await testDirectory();
    const config = join(folder.path, "mailroom.yaml");
    writeFileSync(
      config,
      `ldap_cache:
  fresh: 1s
ldap:
  - name: campus
    url: ${slapd.url}
    preset: [inetLocalMailRecipient, groupOfNames]
    base: ${SUFFIX}
    groups:
      address: cn={local}
    query_timeout: 500ms
`,
    );
    submissions = await freePort();
    mailroom = await startMailroom({ env: { MAILROOM_CONFIG: config, MAILROOM_SUBMISSIONS_LISTEN: `127.0.0.1:${submissions}` } });
    for (const args of [
      ["domain", "add", "campus.example"],
      ["alias", "set", "help@campus.example", "--to", "p1@campus.example"],
      ["alias", "set", "p2@campus.example", "--to", "elsewhere@mbx.campus.example"],
      ["route", "set", "mbx.campus.example", "discard:"],
    ])
      await done(...args);
  }, 120_000);
  afterAll(async () => {
    await mailroom?.remove();
    await slapd?.remove();
    await folder?.remove();
  }, 60_000);

  const done = async (...args: string[]) => {
    const { code, output, stdout } = await mailroom.cli(...args);
    expect(code, output).toBe(0);
    return stdout;
  };
  const rcpt = async (local: string) => {
    const client = await Client.greeted(mailroom.smtpPort);
    await client.ask("MAIL FROM:<a@elsewhere.example>");
    const reply = await client.ask(`RCPT TO:<${local}@campus.example>`);
    client.close();
    return reply.slice(0, 9);
  };
  const health = async () => {
    const answer = await fetch(`${mailroom.http}/readyz`);
    const { status, parts } = (await answer.json()) as { status: string; parts: Record<string, string> };
    return [answer.status, status, parts["ldap campus"]];
  };
  const explained = async (local: string) => (await mailroom.cli("explain", `${local}@campus.example`)).stdout;

  it("are asked for at RCPT, behind what Postgres says", async () => {
    expect(await Promise.all(["p0", "P0", "p0+tag", "all", "help", "nobody"].map(rcpt))).toEqual([
      "250 2.1.5",
      "250 2.1.5",
      "250 2.1.5",
      "250 2.1.5",
      "250 2.1.5",
      "550 5.1.1",
    ]);
    expect(await explained("help")).toMatch(
      /p1@campus\.example {2}<-- alias; person in campus \(uid=p1,.*\), \d s old\n.*p1@mbx\.campus\.example {2}<-- mailbox of the person/,
    );
    expect(await explained("p2")).toContain("elsewhere@mbx.campus.example");
    expect(JSON.parse((await mailroom.cli("explain", "all@campus.example", "--json")).stdout).counts.discarded).toBe(40);
  });

  it("sign in with their directory password, and send as themselves only", async () => {
    const mail = join(folder.path, "mail.eml");
    writeFileSync(mail, "From: p20@campus.example\r\nSubject: signed in\r\n\r\nhello\r\n");
    const send = (user: string, from: string) => {
      const to = ["--mail-from", from, "--mail-rcpt", "p1@campus.example", "--upload-file", mail];
      return capture("curl", ["-sS", "--insecure", "--user", user, `smtps://127.0.0.1:${submissions}`, ...to]);
    };
    expect(await send("p20:secret-20", "p20@campus.example")).toMatchObject({ code: 0 });
    expect((await send("p20:secret-20", "p21@campus.example")).code).not.toBe(0);
    expect((await send("p20:secret-21", "p20@campus.example")).code).toBe(67); // login denied
  });

  it("are shown, tested and compared at the command line", async () => {
    await done("ldap", "sync");
    expect(await done("ldap", "test")).toMatch(
      /^campus: answers in [0-9.]+ ms; 40 addresses of people, 1 of groups\n {2}last compared .*: 41 addresses\n$/,
    );
    expect(await done("ldap", "show", "p3@campus.example")).toMatch(/^campus now: person uid=p3,.* → p3@mbx\.campus\.example\n/);
    expect((await mailroom.cli("ldap", "show", "nobody@campus.example")).code).toBe(1);
    expect((await mailroom.cli("ldap", "test", "other")).output).toContain("there is no source other; there is campus");
  });

  it("keep their mail in an outage: the known get it, the others wait, nobody is refused; a restart changes nothing", async () => {
    expect(await health()).toEqual([200, "ready", "ok"]);
    await slapd.stop("SIGKILL");
    await new Promise((wake) => setTimeout(wake, 1100)); // nothing is fresh any more
    const wanted = { p0: "250 2.1.5", p39: "250 2.1.5", all: "250 2.1.5", help: "250 2.1.5", p2: "250 2.1.5", nobody: "451 4.3.0" };
    const answers = async () => Object.fromEntries(await Promise.all(Object.keys(wanted).map(async (name) => [name, await rcpt(name)])));
    expect(await answers()).toEqual(wanted);
    await eventually(async () =>
      expect(await health()).toEqual([200, "degraded", expect.stringMatching(/^does not answer since 20.*last good/)]),
    );
    const metrics = await (await fetch(`${mailroom.http}/metrics`)).text();
    expect(metrics).toMatch(/^mailroom_ldap_up\{source="campus"\} 0$/m);
    expect(metrics).toMatch(/^mailroom_ldap_requests_total\{source="campus",result="answered"\} [1-9]/m);
    expect(metrics).toMatch(/^mailroom_ldap_requests_total\{source="campus",result="lost"\} [1-9]/m);
    expect(metrics).toMatch(/^mailroom_ldap_request_seconds_count\{source="campus"\} [1-9]/m);
    expect(metrics).toMatch(/^mailroom_directory_frozen\{source="campus"\} 0$/m);
    const last = Number(/^mailroom_ldap_last_success_timestamp_seconds\{source="campus"\} (.*)$/m.exec(metrics)?.[1]);
    expect(Math.abs(Date.now() / 1000 - last)).toBeLessThan(60); // the latest of the workers, not their sum
    expect(await mailroom.stop()).toBe(0);
    await mailroom.restart();
    expect(await answers()).toEqual(wanted);
    expect(await explained("p5")).toContain("LAST GOOD ANSWER");
    expect((await mailroom.cli("ldap", "test")).code).toBe(69);
    expect(await mailroom.cli("ldap", "sync")).toMatchObject({ code: 69, output: expect.stringContaining("campus cannot be compared") });
    await slapd.start();
    await eventually(async () => expect([await rcpt("p0"), await rcpt("nobody")]).toEqual(["250 2.1.5", "550 5.1.1"]));
    await eventually(async () => expect(await health()).toEqual([200, "ready", "ok"]));
  }, 60_000);

  it("are held back when too many are gone at once, until a person says that it is right", async () => {
    slapd.modify(
      everybody
        .slice(0, 10)
        .map((i) => `dn: ${dnOf(i)}\nchangetype: delete\n`)
        .join("\n"),
    );
    const { code, output } = await mailroom.cli("ldap", "sync", "--dry-run");
    expect([code, output]).toEqual([1, expect.stringContaining("31 addresses, 0 new, 10 gone")]);
    await eventually(async () => expect((await mailroom.cli("ldap", "sync")).output).toContain("too many to be true"));
    await eventually(async () => expect(await rcpt("p3")).toBe("250 2.1.5"));
    expect((await mailroom.cli("ldap", "test")).output).toContain("FROZEN since");
    expect(await health()).toEqual([200, "degraded", expect.stringContaining("frozen")]);
    expect(await (await fetch(`${mailroom.http}/metrics`)).text()).toMatch(/^mailroom_directory_frozen\{source="campus"\} [12]$/m);
    const group = JSON.parse((await mailroom.cli("explain", "all@campus.example", "--json")).stdout);
    expect([group.nodes[0].ldap.stale, group.counts.discarded]).toEqual(["group frozen", 40]);

    await done("ldap", "accept", "campus", "--why", "they left");
    await eventually(async () => expect([await rcpt("p3"), await rcpt("p20")]).toEqual(["550 5.1.1", "250 2.1.5"]));
    expect(JSON.parse((await mailroom.cli("explain", "all@campus.example", "--json")).stdout).counts.discarded).toBe(30);
  }, 60_000);

  it("wait when they are their own mailbox and no route says what keeps it, and are delivered once one does", async () => {
    slapd.add(person(50).replace("p50@mbx.campus.example", "P50@campus.example"));
    await eventually(async () => expect(await rcpt("p50")).toBe("451 4.3.0"));
    expect(await explained("p50")).toContain("campus.example, which has no route that says where: mailroom route set campus.example URL");
    const tested = await mailroom.cli("ldap", "test");
    expect([tested.code, tested.output]).toEqual([
      1,
      expect.stringContaining("at campus.example the mailbox of 1 person is the address itself"),
    ]);
    await done("route", "set", "campus.example", `maildir:${folder.path}/kept/{local}`);
    await eventually(async () => expect(await rcpt("p50")).toBe("250 2.1.5"));
    expect(await rcpt("nobody")).toBe("550 5.1.1"); // who is nobody is nobody still
    expect(await explained("p50")).toContain(`p50@campus.example  <-- mailbox of the person  ok, maildir:${folder.path}/kept`);
    expect((await mailroom.cli("ldap", "test")).output).not.toContain("is the address itself");
    const mail = join(folder.path, "to-p50.eml");
    writeFileSync(mail, "From: a@elsewhere.example\r\n\r\nhello\r\n");
    expect(
      (
        await capture("curl", [
          "-sS",
          `smtp://127.0.0.1:${mailroom.smtpPort}`,
          "--mail-from",
          "a@elsewhere.example",
          "--mail-rcpt",
          "p50@campus.example",
          "--upload-file",
          mail,
        ])
      ).code,
    ).toBe(0);
    await eventually(() => expect(readdirSync(join(folder.path, "kept", "p50", "new"))).toHaveLength(1));
  }, 60_000);

  it.each(["*", "p*", "a*)(uid=*", "\\2a"])("are not found by %j", async (local) => {
    expect(await rcpt(JSON.stringify(local))).toBe("550 5.1.1");
  });
});
