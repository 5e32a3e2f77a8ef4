/** What the README promises a newcomer, done with the real program and other people's clients. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { processesOf } from "../../scripts/left-behind.ts";
import { capture } from "../../scripts/run.ts";
import { eventually } from "../support/eventually.ts";
import { mailsIn } from "../support/maildir.ts";
import { type Mailroom, startMailroom } from "../support/mailroom.ts";
import { needs } from "../support/needs.ts";

/** Dots in front, a long line, 8-bit octets, an empty last line: everything a careless copy would change. */
const message = Buffer.concat([
  Buffer.from("From: Outsider <out@elsewhere.example>\r\nSubject: Hello\r\nMessage-ID: <1@elsewhere.example>\r\n\r\n"),
  Buffer.from(`.\r\n..\r\n.hidden\r\n${"x".repeat(900)}\r\n trailing blanks  \r\n`),
  Buffer.from([0xe4, 0xf6, 0xfc, 0x20, 0xff, 0x0d, 0x0a, 0x0d, 0x0a]),
]);

function theOne(copies: readonly Buffer[]): Buffer {
  const [copy, ...others] = copies;
  if (copy === undefined || others.length > 0) throw new Error(`${copies.length} copies instead of one`);
  return copy;
}

describe("a fresh demo", () => {
  let mailroom: Mailroom;
  let folder: string;
  const mailbox = (account: string) => join(mailroom.dataDir, "mailboxes", account);

  beforeAll(async () => {
    mailroom = await startMailroom({ verb: "demo" });
    folder = mkdtempSync(join(tmpdir(), "mail-"));
    writeFileSync(join(folder, "message.eml"), message);
    writeFileSync(join(folder, "stuffed.txt"), `${message.toString("latin1").replace(/^\./gm, "..")}.`, "latin1"); // swaks adds the last line end
  });
  afterAll(async () => {
    await mailroom?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  it("prints where mail goes in and what to try", async () => {
    const output = await eventually(() => {
      expect(mailroom.output()).toContain("sign in as admin");
      return mailroom.output();
    });
    expect(output).toContain(mailroom.smtp);
    expect(output).toMatch(/swaks .*--server/);
    expect(output).toContain("curl smtp://");
    expect(output).toContain("mailroom explain");
    expect(output).toContain("helpdesk@campus.example → night-desk@campus.example → helpdesk@campus.example");
  });

  /** The copy in a mailbox: our fields in front, then the very octets that were sent. */
  async function copyIn(account: string): Promise<string> {
    const copy = await eventually(() =>
      theOne(mailsIn(mailbox(account)).filter((each) => each.includes("Message-ID: <1@elsewhere.example>"))),
    );
    expect(copy.subarray(-message.length).equals(message), `the copy of ${account} ends with the octets sent`).toBe(true);
    const prefix = copy.subarray(0, -message.length).toString("latin1");
    expect(prefix).toMatch(/^Return-Path: <[^\r\n]*>\r\n/);
    expect(prefix).toMatch(/^Received: from .*(\r\n[ \t].*)*\r\n/m);
    expect(prefix.endsWith("\r\n")).toBe(true);
    return prefix;
  }

  /** One line as a person types it into a shell, in the folder of the messages. */
  const shell = (line: string) => capture("sh", ["-c", `cd ${folder} && ${line}`]);
  const curl = (to: string, options = "") =>
    shell(`curl -sS ${options} smtp://${mailroom.smtp} --mail-from out@elsewhere.example --mail-rcpt ${to} --upload-file message.eml`);
  const swaks = (to: string, options = "") => shell(`swaks --server ${mailroom.smtp} --from out@elsewhere.example --to ${to} ${options}`);

  needs("curl")("takes mail from curl", () => {
    it("and every member of the list gets the same octets", async () => {
      expect(await curl("cs-faculty@cs.campus.example")).toMatchObject({ code: 0, output: "" });
      for (const account of ["alee", "bokafor", "cmoreau", "dnovak"]) await copyIn(account);
    });

    it("over TLS, with the certificate made at the first start", async () => {
      expect(await curl("kai.muller@campus.example", "--ssl-reqd --insecure")).toMatchObject({ code: 0, output: "" });
      expect(await copyIn("kmuller")).toMatch(/^Received: from [^;]* with ESMTPS\s/m);
    });
  });

  needs("swaks")("takes mail from swaks", () => {
    it("and the alias leads to the mailbox", async () => {
      const sent = await swaks("jane.baker@campus.example", "--data @stuffed.txt --no-data-fixup");
      expect(sent.output).toMatch(/<- {2}250 2\.0\.0 Ok: queued as [0-9A-Za-z]+/);
      await copyIn("jbaker");
    });

    it("but not to a stranger, nor to an address that nobody has", async () => {
      expect((await swaks("x@evil.example")).output).toMatch(/<\*\* 550 5\.7\.1 /);
      expect((await swaks("nobody.here@campus.example")).output).toMatch(/<\*\* 550 5\.1\.1 /);
    });
  });

  needs("nmap")("asked by nmap's smtp-open-relay", () => {
    it("refuses every form", async () => {
      const asked = `nmap -Pn -n -p ${mailroom.smtpPort} --script +smtp-open-relay --script-args smtp-open-relay.domain=evil.example --script-trace 127.0.0.1`;
      const { output } = await shell(asked);
      expect(output).toContain("Server doesn't seem to be an open relay, all tests failed");
      expect(output.match(/\| (?:[0-9a-f]{8}: .* )?RCPT TO:/g)?.length, "forms that were really sent").toBe(16);
    });
  });

  it("explains where an address leads, with an exit code for scripts", async () => {
    const fine = await mailroom.cli("explain", "cs-faculty@cs.campus.example");
    expect(fine.output).toContain("alee@mbx.campus.example");
    expect(fine.code).toBe(0);
    const deadEnd = await mailroom.cli("explain", "robotics@cs.campus.example");
    expect(deadEnd.output).toContain("retired.professor@campus.example");
    expect(deadEnd.code).toBe(2);
  });

  it("ends with 0 on SIGTERM and leaves no process", async () => {
    expect(await mailroom.stop("SIGTERM")).toBe(0);
    expect(processesOf(mailroom.dataDir)).toEqual([]);
  });
});
