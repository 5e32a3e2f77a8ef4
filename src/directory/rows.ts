/** Rows of the directory tables become what the rest of the program knows. Somebody may have written them by hand: nothing in them is trusted. */
import { cannotBeOurs, parseDomain } from "../mail/domain.ts";
import { type Mailbox, mailboxOfKey, parseMailbox } from "../mail/mailbox.ts";
import type { Domain, Entry, ListProperties, Posting } from "./directory.ts";
import { filterOfKey } from "./filter-address.ts";
import { type LifeRow, lifeOfRow } from "./life.ts";
import { momentOf } from "./moments.ts";

export type DomainRow = {
  readonly domain: string;
  readonly alias_of: string | null;
  readonly catch_all: string | null;
  readonly subaddressing: boolean;
};

/** Without the life cycle: of an entry as it will be, where only its targets matter. */
export type EntryRow = Partial<LifeRow> & {
  readonly address: string;
  readonly kind: "alias" | "list";
  readonly owner: string | null;
  readonly expires_at: Date | number | null;
  readonly posting: Posting | null;
  readonly own_copy: boolean;
  readonly may_leave: boolean;
  readonly member_limit: number | null;
  readonly senders: readonly string[] | null;
  readonly excluded: readonly string[] | null;
  readonly targets: readonly string[];
  /** Keys of filterAddress. */
  readonly filters: readonly string[];
};

/** Of a value that is no address only this much is kept to show to people. */
const SHOWN = 200;

/** Null: no domain can be called that. */
export function domainOfRow(row: DomainRow): Omit<Domain, "isRouted"> | null {
  const domain = readDomain(row.domain);
  if (domain === null || cannotBeOurs(domain)) return null;
  return {
    domain,
    aliasOf: row.alias_of === null ? null : readDomain(row.alias_of),
    catchAll: row.catch_all === null ? null : readMailbox(row.catch_all),
    subaddressing: row.subaddressing,
  };
}

/** A domain's name in its one form, however it was written. Null: it is none. */
export function readDomain(text: string): string | null {
  const parsed = parseDomain(text);
  return parsed.ok ? parsed.domain : null;
}

/** Null: the row's own address is none, so nobody can ask for it. */
export function entryOfRow(row: EntryRow, oversized: boolean): Entry | null {
  const address = readMailbox(row.address);
  if (address === null) return null;
  const targets: Mailbox[] = [];
  const badTargets: string[] = [];
  for (const text of row.targets) {
    const target = readMailbox(text);
    if (target === null) badTargets.push(text.slice(0, SHOWN));
    else targets.push(target);
  }
  for (const text of row.filters) {
    const filter = filterOfKey(text);
    if (filter !== null) targets.push(filter);
  }
  const owner = row.owner === null ? null : readMailbox(row.owner);
  const life = hasLife(row) ? lifeOfRow(row, readMailbox) : null;
  const entry = {
    address,
    kind: row.kind,
    owner,
    expiresAt: momentOf(row.expires_at),
    posting: row.posting,
    list: row.kind === "list" ? listProperties(row) : null,
    targets,
    badTargets,
    oversized,
  };
  return life === null ? entry : { ...entry, life };
}

/** Of one list in a thousand there is more to say than this. */
const PLAIN: ListProperties = { ownCopy: true, mayLeave: false, memberLimit: null, senders: [], excluded: [] };

function listProperties(row: EntryRow): ListProperties {
  const { own_copy: ownCopy, may_leave: mayLeave, member_limit: memberLimit } = row;
  if (ownCopy && !mayLeave && memberLimit === null && row.senders === null && row.excluded === null) return PLAIN;
  return { ownCopy, mayLeave, memberLimit, senders: mailboxesOf(row.senders), excluded: mailboxesOf(row.excluded) };
}

const hasLife = (row: Partial<LifeRow>): row is LifeRow => row.moved_delivers !== undefined;

/** What is no address names nobody. */
const mailboxesOf = (texts: readonly string[] | null): readonly Mailbox[] => (texts ?? []).flatMap((text) => readMailbox(text) ?? []);

/**
 * The mailbox of a key. What somebody wrote in another form (capitals in the domain, a name in its own letters) is read as on the wire. At
 * our own domains case is ignored: whoever follows a target asks `atOurs`. Null: it is none that mail can be sent to.
 */
function readMailbox(text: string): Mailbox | null {
  const key = mailboxOfKey(text);
  const parsed = key.ok ? key : parseMailbox(text, { smtputf8: true });
  return parsed.ok && notReachable(parsed.mailbox) === null ? parsed.mailbox : null;
}

/**
 * Why an address can be nobody's target, as the end of a sentence; null: it can. Literals, single labels and numbers are no destinations.
 * A second @, or a quote, inside a quoted local part is legal, but in a row it means that several addresses, or quotes, were written there.
 */
export function notReachable({ localPart, domain }: Mailbox): string | null {
  if (cannotBeOurs(domain)) return "its domain needs at least two labels, the last one not a number";
  return /[@"]/.test(localPart) ? "the part before its last @ holds another @, or a quote" : null;
}
