/**
 * `npm run interop`: Mailroom between other people's servers, all on loopback: Postfix sends to it, Postfix is its next hop, Dovecot's LMTP is the final
 * mailbox. As root, with Debian's postfix and dovecot-lmtpd. Exit status 0: every message arrived octet for octet behind our fields, and
 * what Dovecot refused came back as a bounce.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { startServer } from "../bench/server.ts";
import { freePort } from "../free-port.ts";
import { startDovecot } from "./dovecot.ts";
import { startPostfix } from "./postfix.ts";

const lmtpPort = await freePort();
const postfixPort = await freePort();
const server = await startServer({ MAILROOM_WORKERS: "1", MAILROOM_QUEUE_RETRY: "2s" });
const dovecot = startDovecot(lmtpPort, ["ann", "bob"]);
const postfix = startPostfix({ port: postfixPort, inbox: "peer.test", relayhost: `[127.0.0.1]:${server.smtpPort}` });
let failures = 0;
try {
  await sleep(2000);
  server.cli("domain", "add", "campus.test");
  server.cli("route", "set", "mbx.test", `lmtp://127.0.0.1:${lmtpPort}`);
  server.cli("route", "set", "peer.test", `smtp://127.0.0.1:${postfixPort}`);
  server.cli("alias", "set", "ann@campus.test", "--to", "ann@mbx.test");
  server.cli("alias", "set", "both@campus.test", "--to", "bob@mbx.test", "--to", "carl@peer.test");
  server.cli("alias", "set", "gone@campus.test", "--to", "nobody@mbx.test");

  for (const [name, body] of Object.entries(bodies())) {
    const id = `${name}-${randomBytes(4).toString("hex")}`;
    const content = Buffer.concat([
      Buffer.from(
        `From: dan@peer.test\r\nTo: list@campus.test\r\nSubject: ${id}\r\nMessage-ID: <${id}@peer.test>\r\nDate: Wed, 25 Nov 2026 03:36:15 +0000\r\n\r\n`,
      ),
      body,
    ]);
    postfix.submit("dan@peer.test", "ann@campus.test", unixLines(content));
    postfix.submit("dan@peer.test", "both@campus.test", unixLines(content));
    await arrives(`${name}: Postfix → Mailroom → Dovecot`, () => dovecot.mailbox("ann"), content);
    await arrives(`${name}: Postfix → Mailroom → Dovecot, one of two`, () => dovecot.mailbox("bob"), content);
    await arrives(`${name}: Postfix → Mailroom → Postfix, the other`, () => postfix.mailbox("all"), content);
  }
  postfix.submit("dan@peer.test", "gone@campus.test", Buffer.from("Subject: to nobody\n\nhello\n"));
  await until("what Dovecot refuses comes back as a bounce", () =>
    postfix
      .mailbox("all")
      .some(
        (octets) => /Final-Recipient: rfc822; ?gone@campus\.test/.test(octets.toString("latin1")) && !octets.includes("nobody@mbx.test"),
      ),
  );
} finally {
  postfix.stop();
  await dovecot.stop();
  await server.stop();
}
console.log(failures === 0 ? "interop: all passed" : `interop: ${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;

function bodies(): Record<string, Buffer> {
  return {
    plain: Buffer.from("hello\r\n"),
    dots: Buffer.from(".\r\n..\r\n.leading\r\n...\r\n"),
    eightBit: Buffer.from("Grüße aus der Poststelle\r\n"),
    longLines: Buffer.from(`${"x".repeat(900)}\r\n`.repeat(50)),
    large: Buffer.from("0123456789abcdef\r\n".repeat(120_000)),
  };
}

/** sendmail takes lines as Unix writes them. */
function unixLines(content: Buffer): Buffer {
  return Buffer.from(content.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
}

/** Mailboxes keep lines with or without CR; what is behind the fields that servers put in front must be the same lines. */
async function arrives(what: string, mailbox: () => Buffer[], content: Buffer): Promise<void> {
  const body = unixLines(content).toString("latin1").split("\n\n").slice(1).join("\n\n");
  const subject = /Subject: (\S+)/.exec(content.toString("latin1"))?.[1] ?? "";
  await until(what, () =>
    mailbox().some((octets) => {
      const text = unixLines(octets).toString("latin1");
      return text.includes(`Subject: ${subject}\n`) && text.endsWith(`\n\n${body}`);
    }),
  );
}

async function until(what: string, arrived: () => boolean): Promise<void> {
  for (let waited = 0; waited < 20_000; waited += 200) {
    if (arrived()) {
      console.log(`ok    ${what}`);
      return;
    }
    await sleep(200);
  }
  failures++;
  console.log(`FAIL  ${what}`);
}
