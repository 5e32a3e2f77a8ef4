/** A person of the directory with a phone: signs in, sets forwarding, types the code that came by SMTP; mail follows, and the notice's link undoes it. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { freePort } from "../../../scripts/free-port.ts";
import { Client } from "../../receive/client.ts";
import { axeFaults, openBrowser, picture, type Scheme, signIn, type Visit, visit, type Width } from "../../support/browser.ts";
import { testDirectory } from "../../support/directory.ts";
import { eventually } from "../../support/eventually.ts";
import { mailsIn } from "../../support/maildir.ts";
import { type Mailroom, startMailroom } from "../../support/mailroom.ts";
import { needs } from "../../support/needs.ts";
import { type Slapd, SUFFIX, startSlapd } from "../../support/slapd.ts";
import { type Front, startFront } from "./https-front.ts";

const person = (uid: string) =>
  `dn: uid=${uid},ou=people,${SUFFIX}\nobjectClass: inetOrgPerson\nobjectClass: inetLocalMailRecipient\ncn: ${uid}\nsn: p\nuid: ${uid}\nuserPassword: secret-${uid}\nmailLocalAddress: ${uid}@campus.example\nmailRoutingAddress: ${uid}@mbx.campus.example\n`;

const SCREENS = [
  ["/me", "text=Where my mail goes"],
  ["/me/forwarding", "text=Forward to"],
  ["/me/lists", "text=chess@campus.example"],
  ["/me/app-passwords", "text=Set up a mail program"],
] as const;

needs(
  "slapd",
  "chromium",
  "fonts",
)("somebody's own mail", () => {
  let slapd: Slapd;
  let front: Front;
  let mailroom: Mailroom;
  let browser: Browser;
  let folder: Awaited<ReturnType<typeof testDirectory>>;

  const done = async (...args: string[]) => {
    const { code, output } = await mailroom.cli(...args);
    expect(code, output).toBe(0);
  };
  beforeAll(async () => {
    folder = await testDirectory();
    const group = `dn: cn=chem-all,ou=groups,${SUFFIX}\nobjectClass: groupOfNames\ncn: chem-all\nmember: uid=ann,ou=people,${SUFFIX}\nmember: uid=bob,ou=people,${SUFFIX}\n`;
    [slapd, front, browser] = await Promise.all([
      startSlapd({ ldif: [person("ann"), person("bob"), person("cy"), group].join("\n") }),
      startFront(),
      openBrowser(),
    ]);
    const config = join(folder.path, "mailroom.yaml");
    writeFileSync(
      config,
      `ldap_cache:\n  fresh: 1s\nldap:\n  - name: campus\n    url: ${slapd.url}\n    preset: [inetLocalMailRecipient, groupOfNames]\n    base: ${SUFFIX}\n    groups:\n      address: cn={local}\n`,
    );
    const submissions = await freePort();
    mailroom = await startMailroom({
      env: {
        MAILROOM_CONFIG: config,
        MAILROOM_WORKERS: "1",
        MAILROOM_HTTP_PUBLIC_URL: front.url,
        MAILROOM_SUBMISSIONS_LISTEN: `127.0.0.1:${submissions}`,
        MAILROOM_AUTOCONFIG_IMAP_HOSTNAME: "imap.campus.example",
      },
    });
    front.leadTo(Number(new URL(mailroom.http).port));
    await done("domain", "add", "campus.example");
    for (const domain of ["mbx.campus.example", "far.example", "old.example"])
      await done("route", "set", domain, `maildir:${folder.path}/${domain}/{local}`);
    await done(
      "alias",
      "set",
      "ann.lee@campus.example",
      "--to",
      "ann@campus.example",
      "--owner",
      "ann@campus.example",
      "--expires",
      "2127-06-30",
    );
    await done("alias", "set", "annie@campus.example", "--to", "ann@campus.example", "--owner", "ann@campus.example");
    await done("list", "create", "chess@campus.example", "--owner", "ann@campus.example", "--note", "Tuesdays");
    await done("list", "add", "chess@campus.example", "ann@campus.example", "bob@campus.example");
    await done("ldap", "sync");
  }, 180_000);
  afterAll(async () => {
    await browser?.close();
    await mailroom?.remove();
    await front?.close();
    await slapd?.remove();
    await folder?.remove();
  }, 60_000);

  /** The latest mail in a mailbox, as people read it. */
  const latestIn = (domain: string, local: string): string => {
    const text = mailsIn(`${folder.path}/${domain}/${local}`).at(-1)?.toString("latin1") ?? "";
    return text.replace(/=\r?\n/g, "").replace(/=([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  };
  const codeIn = (text: string): string => /^ {4}(\d{6})\r?$/m.exec(text)?.[1] ?? "";
  const linkIn = (text: string): string => /https:\/\/localhost:\d+(\/forwarding\/\S+)/.exec(text)?.[1] ?? "";

  const send = async (to: string, subject: string): Promise<string> => {
    const client = await Client.greeted(mailroom.smtpPort);
    const reply = await client.transact(
      `From: <a@elsewhere.example>\r\nSubject: ${subject}\r\n\r\ntext\r\n.\r\n`,
      to,
      "a@elsewhere.example",
    );
    client.close();
    return reply;
  };
  /** Mail for the person comes to exactly these mailboxes. */
  const comesTo = async (subject: string, ...mailboxes: readonly (readonly [string, string])[]) => {
    await eventually(async () => {
      expect(await send("ann@campus.example", subject)).toMatch(/^250/);
      const { stdout } = await mailroom.cli("explain", "ann@campus.example", "--json");
      const { leaves } = JSON.parse(stdout) as { leaves: { state: string; final_recipient?: string }[] };
      const finals = leaves.filter(({ state }) => state === "delivers").map(({ final_recipient }) => final_recipient);
      expect(finals.toSorted((a = "", b = "") => a.localeCompare(b))).toEqual(
        mailboxes.map(([domain, local]) => `${local}@${domain}`).toSorted((a, b) => a.localeCompare(b)),
      );
    });
    const last = `${subject} again`;
    expect(await send("ann@campus.example", last)).toMatch(/^250/);
    await eventually(() => {
      for (const [domain, local] of mailboxes)
        expect(
          mailsIn(`${folder.path}/${domain}/${local}`).some((mail) => mail.includes(last)),
          `${local}@${domain}`,
        ).toBe(true);
    });
  };
  const signedIn = async (who: string, width: Width, scheme: Scheme = "light"): Promise<Visit> => {
    const seen = await visit(browser, front.url, width, scheme, { ignoreHTTPSErrors: true });
    await signIn(seen, who, `secret-${who}`);
    return seen;
  };

  async function forwardTo({ page }: Visit, target: string, keep: boolean): Promise<void> {
    await page.goto("/me/forwarding");
    await page.getByLabel("Forward to").fill(target);
    if (!keep) await page.getByLabel("Keep a copy").uncheck();
    await page.getByRole("button", { name: "Send the code" }).click();
    const [local = "", domain = ""] = target.split("@");
    const code = await eventually(() => {
      const found = codeIn(latestIn(domain, local));
      expect(found).not.toBe("");
      return found;
    });
    await page.getByRole("textbox", { name: "Code" }).fill(code);
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("Your mail is forwarded to").first().waitFor();
  }

  test("forwarding from a phone, by the code; the campus mailbox is told, and its link undoes it", async () => {
    const seen = await signedIn("ann", "phone");
    const { page } = seen;
    await page.getByRole("heading", { name: "My mail" }).waitFor();
    expect(new URL(page.url()).pathname).toBe("/me");
    await comesTo("before", ["mbx.campus.example", "ann"]);

    await page.goto("/me/forwarding");
    await page.getByLabel("Forward to").fill("ann@far.example");
    await page.getByRole("button", { name: "Send the code" }).click();
    await page.getByRole("heading", { name: "Type the code" }).waitFor();
    await picture(seen, "forwarding-waiting-phone-light");
    expect(await axeFaults(seen)).toEqual([]);
    const mail = await eventually(() => {
      expect(codeIn(latestIn("far.example", "ann"))).not.toBe("");
      return latestIn("far.example", "ann");
    });
    expect(mail).toMatch(/^Return-Path: <>/m);
    const wrong = String((Number(codeIn(mail)) + 1) % 1_000_000).padStart(6, "0");
    await page.getByRole("textbox", { name: "Code" }).fill(wrong);
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("That code is not right.").waitFor();
    await page.getByRole("textbox", { name: "Code" }).fill(codeIn(mail));
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("Your mail is forwarded to ann@far.example.").first().waitFor();
    await comesTo("after", ["far.example", "ann"], ["mbx.campus.example", "ann"]);
    const notice = await eventually(() => {
      const told = mailsIn(`${folder.path}/mbx.campus.example/ann`)
        .map(String)
        .find((text) => text.includes("goes elsewhere now"));
      expect(told).toBeDefined();
      return (told ?? "").replace(/=\r?\n/g, "");
    });

    await page.goto(linkIn(notice));
    await picture(seen, "undo-link-phone-light");
    expect(await axeFaults(seen)).toEqual([]);
    await page.getByRole("button", { name: "Undo the forwarding" }).click();
    await page.getByRole("heading", { name: "The forwarding is undone" }).waitFor();
    await comesTo("undone", ["mbx.campus.example", "ann"]);
    await page.goto("/me");
    await page.getByRole("heading", { name: "Sign in to Mailroom" }).waitFor(); // whoever was signed in is no longer
    expect(seen.complaints).toEqual([]);
    await seen.context.close();
  }, 180_000);

  test("by the link on another device; the old target is told, and its undo brings mail back there", async () => {
    const seen = await signedIn("cy", "phone");
    await forwardTo(seen, "cy@old.example", false);
    await seen.page.getByLabel("Forward to").fill("cy@far.example");
    await seen.page.getByRole("button", { name: "Send the code" }).click();
    const mail = await eventually(() => {
      expect(linkIn(latestIn("far.example", "cy"))).not.toBe("");
      return latestIn("far.example", "cy");
    });
    const other = await visit(browser, front.url, "phone", "light", { ignoreHTTPSErrors: true });
    await other.page.goto(linkIn(mail));
    await picture(other, "confirm-link-phone-light");
    expect(await axeFaults(other)).toEqual([]);
    await other.page.getByRole("button", { name: "Forward the mail" }).click();
    await other.page.getByRole("heading", { name: "Forwarding is on" }).waitFor();
    await seen.page.getByText("It is forwarded to cy@far.example").waitFor(); // the phone finds out by itself
    await eventually(() => expect(latestIn("old.example", "cy")).toContain("not forwarded to this mailbox any more"));
    await other.page.goto(linkIn(latestIn("old.example", "cy")));
    await other.page.getByRole("button", { name: "Undo the forwarding" }).click();
    await other.page.getByRole("heading", { name: "The forwarding is undone" }).waitFor();
    await eventually(async () => expect((await mailroom.cli("explain", "cy@campus.example")).stdout).toContain("cy@old.example"));
    expect((await mailroom.cli("explain", "cy@campus.example")).stdout).not.toContain("cy@far.example");
    await Promise.all([seen.context.close(), other.context.close()]);
  }, 120_000);

  test("an alias off and on, a list left, a password made and removed", async () => {
    const seen = await signedIn("ann", "phone");
    const { page } = seen;
    await page.getByText("annie@campus.example").waitFor();
    await page.getByRole("button", { name: "Turn off" }).last().click();
    await page.getByRole("dialog").getByRole("button", { name: "Turn off" }).click();
    await page.getByText("annie@campus.example is off.").first().waitFor();
    await eventually(async () => expect((await mailroom.cli("explain", "annie@campus.example")).code).toBe(2));
    await page.getByRole("button", { name: "Turn on" }).click();
    await page.getByText("annie@campus.example works.").first().waitFor();

    await done("list", "set", "chess@campus.example", "--leave");
    await page.reload();
    await page.getByRole("button", { name: "Leave chess@campus.example?" }).click();
    await picture(seen, "leave-list-phone-light");
    await page.getByRole("dialog").getByRole("button", { name: "Leave" }).click();
    await page.getByText("You have left chess@campus.example.").first().waitFor();

    await page.goto("/me/app-passwords");
    await page.getByLabel("Device").fill("phone");
    await page.getByRole("button", { name: "Make a password" }).click();
    const password = (await page.locator("[data-password]").textContent()) ?? "";
    expect(password).toMatch(/^[a-z2-9]{4}(-[a-z2-9]{4}){4}$/);
    await picture(seen, "app-password-made-phone-light");
    expect(await axeFaults(seen)).toEqual([]);
    await page.reload();
    await page.getByText("not used yet").waitFor();
    expect(await page.content()).not.toContain(password);
    await page.getByRole("button", { name: "Remove the password of phone" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("You have no app password yet").waitFor();
    expect(seen.complaints).toEqual([]);
    await seen.context.close();
  }, 120_000);

  test.each([
    ["desktop", "light"],
    ["desktop", "dark"],
    ["phone", "light"],
    ["phone", "dark"],
  ] as const)(
    "%s, %s: every screen without a complaint, and axe finds nothing",
    async (width, scheme) => {
      const seen = await signedIn("ann", width, scheme);
      for (const [path, shown] of SCREENS) {
        await seen.page.goto(path);
        await seen.page.locator(shown).first().waitFor();
        await picture(seen, `${path.slice(1).replaceAll("/", "-")}-${width}-${scheme}`);
        expect(await axeFaults(seen), path).toEqual([]);
        expect(
          await seen.page.evaluate<boolean>("document.documentElement.scrollWidth > document.documentElement.clientWidth + 1"),
          path,
        ).toBe(false);
      }
      expect(seen.complaints).toEqual([]);
      await seen.context.close();
    },
    120_000,
  );
});
