/** The fields we put in front of every copy: Received (RFC 5321 §4.4) and, at final delivery, Return-Path. Complete lines, CR LF at the end. */
import { isLiteral, parseDomain } from "./domain.ts";
import type { ReversePath } from "./envelope.ts";
import { type Mailbox, mailboxText } from "./mailbox.ts";

/** What a Received field tells. `clientAddress`: IPv4 or IPv6, as the socket names it. */
export type Reception = {
  readonly heloName: string;
  readonly clientAddress: string;
  readonly hostname: string;
  readonly queueId: string;
  readonly esmtp: boolean;
  readonly tls: boolean;
  readonly authenticated: boolean;
  readonly smtputf8: boolean;
  /** The forward-path, if the message has exactly one: with two, each would read of the other (RFC 5321 §7.2). */
  readonly recipient: Mailbox | null;
  readonly at: Date;
};

/** A line of 78 characters without its CR LF (RFC 5322 §2.1.1), where no word is longer. */
const LINE = 78;

export function receivedField(reception: Reception): string {
  const { hostname, queueId, recipient } = reception;
  const clauses = [
    ...fromClause(reception),
    `by ${hostname}`,
    `with ${protocolOf(reception)}`,
    `id ${queueId}`,
    ...(recipient === null ? [] : [`for <${mailboxText(recipient)}>`]),
  ];
  clauses[clauses.length - 1] += ";";
  return fold("Received:", [...clauses, rfc5322Date(reception.at)]);
}

/** RFC 5321 §4.4: only the server of the final mailbox adds it. Never folded: some readers of mailboxes take the first line alone. */
export const returnPathField = (reversePath: ReversePath): string =>
  `Return-Path: <${reversePath === null ? "" : mailboxText(reversePath)}>\r\n`;

/** RFC 9228 §3: an address of ours that the message has passed. When it comes back for the same address it is in a loop. */
export const deliveredToField = (forwardPath: Mailbox): string => `Delivered-To: ${mailboxText(forwardPath)}\r\n`;

/** RFC 5322 §3.3, in UTC. */
export const rfc5322Date = (time: Date): string => time.toUTCString().replace("GMT", "+0000");

/** RFC 3848, and RFC 6531 §4.3 for mail that asked for SMTPUTF8. */
function protocolOf({ esmtp, tls, authenticated, smtputf8 }: Reception): string {
  if (!esmtp) return "SMTP";
  return `${smtputf8 ? "UTF8SMTP" : "ESMTP"}${tls ? "S" : ""}${authenticated ? "A" : ""}`;
}

/** What the client calls itself, then what we know: its address. A name that is none goes into a comment, what could break the field taken out. */
function fromClause({ heloName, clientAddress }: Reception): string[] {
  const address = addressLiteral(clientAddress);
  const name = parseDomain(heloName, { literals: true });
  if (name.ok && (isLiteral(name.domain) || /^[ -~]*$/.test(heloName)))
    return [`from ${isLiteral(name.domain) ? name.domain : heloName}`, `(${address})`];
  const said = heloName
    .replace(/[^ -~]|[()\\]/g, "?")
    .trim()
    .slice(0, 64);
  return [`from ${address}`, `(${address})`, ...(said === "" ? [] : [`(helo ${said})`])];
}

/** RFC 5321 §4.1.3. An IPv4 client on a socket for both is written as IPv4. */
function addressLiteral(address: string): string {
  const ipv4 = address.replace(/^::ffff:(?=\d+\.)/i, "");
  const literal = parseDomain(ipv4.includes(":") ? `[IPv6:${ipv4.replace(/%.*$/, "")}]` : `[${ipv4}]`, { literals: true });
  return literal.ok ? literal.domain : "unknown";
}

function fold(name: string, words: readonly string[]): string {
  let field = name;
  let length = name.length;
  for (const word of words) {
    const fits = length + 1 + word.length <= LINE;
    field += fits ? ` ${word}` : `\r\n\t${word}`;
    length = fits ? length + 1 + word.length : 1 + word.length;
  }
  return `${field}\r\n`;
}
