/** Markup where people, programs and other servers may write: it is shown as text on every screen, and the browser has nothing to complain of. */
import { connect } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBrowser, signIn, visit } from "../../support/browser.ts";
import { eventually } from "../../support/eventually.ts";
import { type Mailroom, startMailroom } from "../../support/mailroom.ts";
import { needs } from "../../support/needs.ts";

const SCRIPT = `<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>"'>`;
const BIDI = "a\u202Ecod.exe";

/** Sends lines one after the other, each after the reply to the one before. */
function speak(port: number, lines: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let heard = "";
    const left = [...lines];
    socket.setTimeout(20_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (octets) => {
      heard += octets.toString();
      if (!/^\d{3} .*\r\n$/m.test(heard.split("\r\n").slice(-2).join("\r\n"))) return;
      const line = left.shift();
      if (line === undefined) socket.end();
      else socket.write(`${line}\r\n`);
    });
    socket.on("close", () => resolve(heard));
    socket.on("error", reject);
  });
}

needs("chromium", "fonts")("hostile text", () => {
  let server: Mailroom;
  let browser: Browser;
  let password = "";
  beforeAll(async () => {
    [server, browser] = await Promise.all([startMailroom({ verb: "demo", env: { MAILROOM_WORKERS: "1" } }), openBrowser()]);
    await eventually(() => expect(server.output()).toMatch(/sign in as admin with/));
    password = /sign in as admin with (\S+)/.exec(server.output())?.[1] ?? "";
    const set = [
      "alias",
      "set",
      "odd@campus.example",
      "--to",
      "ann.lee@campus.example",
      "--note",
      `note ${SCRIPT}`,
      "--why",
      `why ${SCRIPT}`,
    ];
    expect((await server.cli(...set)).code).toBe(0);
    const said = await speak(server.smtpPort, [
      "EHLO evil.example",
      'MAIL FROM:<"<b>x"@evil.example>',
      "RCPT TO:<odd@campus.example>",
      "DATA",
      `From: "${SCRIPT.replaceAll('"', "'")}" <x@evil.example>\r\nSubject: subject ${SCRIPT} ${BIDI}\r\nMessage-ID: <${"<i>".replace(/[<>]/g, "")}@evil.example>\r\n\r\nbody ${SCRIPT}\r\n.`,
      "QUIT",
    ]);
    expect(said).toContain("queued as");
    const held = await speak(server.smtpPort, [
      "EHLO evil.example",
      "MAIL FROM:<x@evil.example>",
      "RCPT TO:<announcements@campus.example>",
      "DATA",
      `From: x@evil.example\r\nSubject: held ${SCRIPT} ${BIDI}\r\n\r\nbody\r\n.`,
      "QUIT",
    ]);
    expect(held).toContain("queued as");
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await server?.remove();
  });

  test("is text on every screen that shows it", async () => {
    const seen = await visit(browser, server.http);
    const { page } = seen;
    await signIn(seen, "admin", password);
    const screens: readonly (readonly [path: string, shown: string])[] = [
      ["/addresses?q=odd@campus.example", "odd@"],
      ["/addresses/odd@campus.example?tab=settings", "note <img"],
      ["/addresses/odd@campus.example?tab=history", "why <img"],
      ["/audit?object=odd@campus.example", "why <img"],
      ["/lists/announcements@campus.example?tab=held", "held <img"],
      ["/trace?person=odd@campus.example", "evil.example"],
      ["/captured?q=odd@campus.example", "odd@"],
      ["/explain?address=odd@campus.example", "alee@mbx"],
    ];
    for (const [path, shown] of screens) {
      await page.goto(path);
      await eventually(async () => {
        const text = await page.evaluate<string>(
          "document.body.innerText + [...document.querySelectorAll('input, textarea')].map((field) => field.value).join(' ')",
        );
        expect(text, path).toContain(shown);
        expect(text.includes("\u202E"), `${path} shows what turns the direction of writing`).toBe(false);
      });
      expect(await page.evaluate("window.hurt"), path).toBeUndefined();
      expect(await page.locator("#root img, #root script").count(), path).toBe(0);
    }
    expect(seen.complaints).toEqual([]);
    await seen.context.close();
  }, 120_000);
});
