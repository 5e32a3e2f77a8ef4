/** What people type, made into mailboxes, domains and moments; or a Refusal that says what to write instead. */
import type { Queryable } from "../db/client.ts";
import { notReachable } from "../directory/rows.ts";
import { cannotBeOurs, parseDomain } from "../mail/domain.ts";
import { atOurs, canBeOurLocalPart, type Mailbox, mailboxText, parseMailbox } from "../mail/mailbox.ts";
import { readMoment } from "../mail/moment.ts";
import { Refusal } from "./refusal.ts";

/**
 * The mailbox, or what is wrong with it: for callers that collect faults instead of stopping at the first. Stricter than the wire:
 * blanks and characters nobody sees are legal in some foreign addresses (RFC 6531), but what a person types with them came by copying.
 */
export function readMailbox(text: string): Mailbox | string {
  if (/[^\P{Z} ]|\p{Cf}/u.test(text)) return "it holds an invisible character or a blank that is none";
  const parsed = parseMailbox(text, { smtputf8: true }); // whether a next hop takes it is decided at delivery
  if (!parsed.ok) return parsed.fault.detail;
  return notReachable(parsed.mailbox) ?? parsed.mailbox;
}

/** A mailbox anywhere. `what` names the argument in the refusal. */
function mailboxOf(text: string, what: string): Mailbox {
  const mailbox = readMailbox(text);
  if (typeof mailbox === "string")
    throw new Refusal("badData", `${what} ${quoted(text)} is no address: ${mailbox}`, "Write it as name@domain.");
  return mailbox;
}

/** An address somebody may send from: at any domain, its local part without case (sending/rights.ts compares so). */
export const sendersAddress = (text: string): Mailbox => atOurs(mailboxOf(text, "the address"));

/** A domain that can be ours, in its one form: lower-case A-labels, at least two, no address literal. */
export function domainOf(text: string): string {
  const parsed = parseDomain(text);
  const why = !parsed.ok
    ? parsed.fault.detail
    : cannotBeOurs(parsed.domain)
      ? "it needs at least two labels, the last one not a number"
      : null;
  if (parsed.ok && why === null) return parsed.domain;
  throw new Refusal(
    "badData",
    `${quoted(text)} is no domain: ${why}`,
    "Write it as in campus.example, without @ and without a dot at the end.",
  );
}

/** The domains that are ours, of those named. */
export async function domainsOfOurs(tx: Queryable, domains: readonly string[]): Promise<ReadonlySet<string>> {
  const { rows } = await tx.query<{ domain: string }>({ text: "select domain from domains where domain = any($1)", values: [domains] });
  return new Set(rows.map((row) => row.domain));
}

/** An address of ours, in the form entries have: its domain must be one of ours. */
export async function ourAddress(tx: Queryable, text: string): Promise<Mailbox> {
  const mailbox = mailboxOf(text, "the address");
  const ours = await domainsOfOurs(tx, [mailbox.domain]);
  if (ours.has(mailbox.domain)) return ourForm(mailbox);
  throw new Refusal("refused", `${mailbox.domain} is not one of our domains`, `Make it ours first: mailroom domain add ${mailbox.domain}`);
}

/** The form entries have; a local part that RCPT would refuse without asking can have none. */
function ourForm(mailbox: Mailbox): Mailbox {
  const ours = atOurs(mailbox);
  if (canBeOurLocalPart(ours.localPart)) return ours;
  throw new Refusal("badData", `the address ${quoted(mailboxText(mailbox))} cannot be one of ours`, LOCAL_PART_HINT);
}

/** What an address of ours may be made of (mail/mailbox.ts, canBeOurLocalPart). */
export const LOCAL_PART_HINT = "Before the @ use letters a-z, digits and . _ + ' = - only.";

/** The targets or members of an entry, each once, in the order given; those at our own domains in the form entries have. */
export async function targetsOf(tx: Queryable, texts: readonly string[], what: string): Promise<readonly Mailbox[]> {
  const mailboxes = texts.map((text) => mailboxOf(text, what));
  const ours = await domainsOfOurs(tx, [...new Set(mailboxes.map((mailbox) => mailbox.domain))]);
  const canonical = mailboxes.map((mailbox) => (ours.has(mailbox.domain) ? atOurs(mailbox) : mailbox));
  return [...new Map(canonical.map((mailbox) => [mailbox.key, mailbox])).values()];
}

/** When something begins: `2026-09-01` is the beginning of that day in UTC. It may lie behind us. */
export function startOf(text: string): Date {
  const moment = readMoment(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00Z` : text);
  if (moment) return moment;
  throw new Refusal(
    "badData",
    `${quoted(text)} is no date`,
    "Write 2026-09-01 (from the beginning of that day, UTC) or 2026-09-01T08:00Z.",
  );
}

/** An expiry that lies ahead. */
export function expiryOf(text: string, now: Date): Date {
  const moment = readMoment(text);
  if (!moment)
    throw new Refusal("badData", `${quoted(text)} is no date`, "Write 2027-06-30 (to the end of that day, UTC) or 2027-06-30T18:00Z.");
  if (moment <= now) throw new Refusal("badData", `the expiry ${quoted(text)} is in the past`, "To end an address now, delete it.");
  return moment;
}

/** Refuses dates of which the end comes first. Dates, or moments as Postgres writes them. */
export function refuseBackwards(startsAt: Date | string | null, expiresAt: Date | string | null): void {
  if (startsAt !== null && expiresAt !== null && new Date(startsAt) >= new Date(expiresAt))
    throw new Refusal("badData", "it would start when it has expired", "Let it start before it ends.");
}

const AFFILIATION = /^[a-z][a-z0-9._-]{0,62}$/;

/** An affiliation as it is stored: a short word in lower case, as in `student`. */
export function affiliationOf(text: string): string {
  const affiliation = text.trim().toLowerCase();
  if (AFFILIATION.test(affiliation)) return affiliation;
  throw new Refusal(
    "badData",
    `${quoted(text)} is no affiliation`,
    "Write one word of letters, digits, dots and dashes, as in student or emeritus.",
  );
}

/** What was typed, for a message: capped, and control characters made visible. */
export const quoted = (text: string): string => JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}…` : text);
