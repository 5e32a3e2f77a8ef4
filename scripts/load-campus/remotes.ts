/** The servers mail goes to and what they say, with the numbers and ids that make no two replies the same. */
import type { Random } from "./random.ts";

/** One way an attempt ends. `scope` as in mail/verdict.ts. */
export type Answer = {
  readonly status: string;
  readonly scope: "local" | "host" | "message" | "recipient";
  /** False: nobody was reached, so no relay is named. */
  readonly reached: boolean;
  readonly text: (random: Random) => string;
};

export type Remote = {
  readonly domain: string;
  /** host[address]:port, as in the trace. */
  readonly relays: readonly string[];
  readonly sent: (random: Random) => string;
  readonly deferred: readonly Answer[];
  readonly bounced: readonly Answer[];
};

const answer =
  (reached: boolean) =>
  (scope: Answer["scope"], code: number, status: string, text: (random: Random) => string): Answer => ({
    scope,
    status,
    reached,
    text: (random) => `${code} ${status} ${text(random)}`,
  });
const said = answer(true);
/** What we say of it ourselves, as deliver/words.ts does. */
const found = answer(false);

const gsmtp = (r: Random): string => `${r.hex(13)}-${r.hex(11)}si${r.digits(8)}${r.between(0, 9)}.${r.digits(3)} - gsmtp`;
const outlook = (r: Random): string =>
  `[${r.upper(2)}0${r.upper(2)}EUR0${r.between(1, 6)}FT${r.digits(3)}.eop-eur0${r.between(1, 6)}.prod.protection.outlook.example ${r.hex(16)}]`;
const postfixId = (r: Random): string => `4${r.upper(5)}${r.hex(4)}z${r.upper(3)}`;

const noConnection = found("host", 450, "4.4.1", (r) => `No connection: ${r.pick(["connection timed out", "connection refused"])}`);
const lost = found("host", 450, "4.4.2", () => "Connection lost");
const dnsTrouble = found("host", 451, "4.4.3", () => "DNS lookup failed");
const tlsFailed = found("host", 450, "4.7.5", () => "TLS could not be set up");
const unreadable = found("local", 451, "4.3.0", () => "Route lookup failed");

export const REMOTES: readonly Remote[] = [
  {
    domain: "gmail.example",
    relays: [1, 2, 3, 4].map((n) => `alt${n}.gmail-smtp-in.l.gmail.example[192.0.2.${n}]:25`),
    sent: (r) => `250 2.0.0 OK  ${r.between(1_760_000_000, 1_799_999_999)} ${gsmtp(r)}`,
    deferred: [
      said("host", 421, "4.7.28", (r) => `Our system has detected an unusual rate of mail from your IP address. Rate limited. ${gsmtp(r)}`),
      said("recipient", 452, "4.2.2", (r) => `The recipient's inbox is out of storage space. ${gsmtp(r)}`),
      said("recipient", 450, "4.2.1", (r) => `The user you are trying to contact is receiving mail too quickly. ${gsmtp(r)}`),
    ],
    bounced: [
      said("recipient", 550, "5.1.1", (r) => `The email account that you tried to reach does not exist. ${gsmtp(r)}`),
      said("recipient", 552, "5.2.2", (r) => `The recipient's inbox is out of storage space and inactive. ${gsmtp(r)}`),
      said("message", 550, "5.7.26", (r) => `This mail is unauthenticated; SPF and DKIM did not pass. ${gsmtp(r)}`),
    ],
  },
  {
    domain: "outlook.example",
    relays: [11, 12, 13].map((n) => `outlook-com.olc.protection.outlook.example[192.0.2.${n}]:25`),
    sent: (r) =>
      `250 2.6.0 <${r.hex(16)}@mail.example> [InternalId=${r.digits(14)}, Hostname=${r.upper(12)}.eurprd04.prod.outlook.example] Queued mail`,
    deferred: [
      said(
        "host",
        451,
        "4.7.500",
        (r) => `Server busy. Please try again later from [203.0.113.${r.between(1, 9)}]. (S77719) ${outlook(r)}`,
      ),
      said("recipient", 452, "4.5.3", (r) => `Too many recipients (AS780090) ${outlook(r)}`),
    ],
    bounced: [
      said("recipient", 550, "5.5.0", (r) => `Requested action not taken: mailbox unavailable (S2017062302). ${outlook(r)}`),
      said(
        "message",
        550,
        "5.7.1",
        (r) => `Unfortunately, messages from [203.0.113.${r.between(1, 9)}] weren't sent. (S3140) ${outlook(r)}`,
      ),
    ],
  },
  {
    domain: "yahoo.example",
    relays: [21, 22].map((n) => `mta${n - 14}.am0.yahoodns.example[192.0.2.${n}]:25`),
    sent: (r) => `250 2.0.0 ok dirdel ${r.digits(6)}/${r.digits(4)}`,
    deferred: [
      said(
        "host",
        421,
        "4.7.0",
        (r) => `[TSS04] Messages from 203.0.113.${r.between(1, 9)} temporarily deferred due to complaints ${r.digits(10)}`,
      ),
    ],
    bounced: [said("recipient", 554, "5.1.1", (r) => `delivery error: dd This user doesn't have an account (#${r.digits(9)})`)],
  },
  {
    domain: "icloud.example",
    relays: [31, 32].map((n) => `mx0${n - 30}.mail.icloud.example[192.0.2.${n}]:25`),
    sent: (r) => `250 2.0.0 Ok: queued as ${r.upper(10)}`,
    deferred: [said("recipient", 452, "4.2.2", (r) => `Mailbox full, request ${r.hex(8)}`)],
    bounced: [said("recipient", 550, "5.1.1", (r) => `Unknown user, request ${r.hex(8)}`)],
  },
  {
    domain: "hotmail.example",
    relays: ["hotmail-com.olc.protection.outlook.example[192.0.2.41]:25"],
    sent: (r) => `250 2.6.0 <${r.hex(16)}@mail.example> [InternalId=${r.digits(14)}] Queued mail for delivery`,
    deferred: [lost],
    bounced: [said("recipient", 550, "5.5.0", (r) => `Requested action not taken: mailbox unavailable ${outlook(r)}`)],
  },
  {
    domain: "gmx.example",
    relays: [51, 52].map((n) => `mx0${n - 51}.gmx.example[192.0.2.${n}]:25`),
    sent: (r) => `250 2.0.0 Requested mail action okay, completed: id=1M${r.upper(4)}-1v${r.upper(6)}-00${r.upper(5)}`,
    deferred: [said("host", 450, "4.7.1", (r) => `Greylisting in action, please come back in 00:0${r.between(1, 9)}:${r.between(10, 59)}`)],
    bounced: [said("recipient", 550, "5.1.1", (r) => `Requested action not taken: mailbox unavailable id=${r.upper(8)}`)],
  },
  {
    domain: "proton.example",
    relays: ["mail.protonmail.example[192.0.2.61]:25"],
    sent: (r) => `250 2.0.0 Ok: queued as ${postfixId(r)}`,
    deferred: [tlsFailed],
    bounced: [said("recipient", 550, "5.1.1", (r) => `Recipient address rejected: address does not exist (${r.hex(6)})`)],
  },
  {
    domain: "mbx.campus.example",
    relays: [71, 72, 73].map((n) => `store${n - 70}.mbx.campus.example[198.51.100.${n}]:25`),
    sent: (r) => `250 2.0.0 Ok: queued as ${postfixId(r)}`,
    deferred: [
      said("recipient", 452, "4.2.2", (r) => `Quota exceeded (mailbox for user is full) ${r.digits(4)} MB`),
      noConnection,
      unreadable,
    ],
    bounced: [said("recipient", 550, "5.1.1", (r) => `User unknown in virtual mailbox table (${r.digits(5)})`)],
  },
  {
    domain: "partner-uni.example",
    relays: [81, 82].map((n) => `mx${n - 80}.partner-uni.example[198.51.100.${n}]:25`),
    sent: (r) => `250 2.0.0 ${r.hex(14)} Message accepted for delivery`,
    deferred: [dnsTrouble, noConnection, said("host", 451, "4.7.1", (r) => `Client host queued for inspection ${r.hex(8)}`)],
    bounced: [
      said("recipient", 550, "5.1.1", (r) => `No such user here ${r.hex(6)}`),
      said("message", 554, "5.7.1", (r) => `Spam score ${r.between(6, 30)}.${r.digits(1)} id ${r.hex(12)}`),
    ],
  },
];

const BY_DOMAIN = new Map(REMOTES.map((remote) => [remote.domain, remote]));
const OTHER = REMOTES.at(-1);

/** Who takes mail for this mailbox. What is not in the table goes to the last of it. */
export function remoteOf(mailbox: string): Remote {
  const remote = BY_DOMAIN.get(mailbox.slice(mailbox.lastIndexOf("@") + 1)) ?? OTHER;
  if (remote === undefined) throw new Error("there are no remotes");
  return remote;
}
