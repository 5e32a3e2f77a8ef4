/** Rows of the directory tables become what the rest of the program knows. Somebody may have written them by hand: nothing in them is trusted. */
import { type Mailbox, mailboxOfKey } from "../mail/mailbox.ts";
import type { Domain, Entry, Posting } from "./directory.ts";

export type DomainRow = {
  readonly domain: string;
  readonly alias_of: string | null;
  readonly catch_all: string | null;
  readonly subaddressing: boolean;
};

export type EntryRow = {
  readonly address: string;
  readonly kind: "alias" | "list";
  readonly owner: string | null;
  readonly expires_at: Date | number | null;
  readonly posting: Posting | null;
  readonly targets: readonly string[];
};

/** Of a value that is no address only this much is kept to show to people. */
const SHOWN = 200;

export const domainOfRow = (row: DomainRow): Domain => ({
  domain: row.domain,
  aliasOf: row.alias_of,
  catchAll: row.catch_all === null ? null : readKey(row.catch_all),
  subaddressing: row.subaddressing,
});

/** Null: the row's own address is none, so nobody can ask for it. */
export function entryOfRow(row: EntryRow, oversized: boolean): Entry | null {
  const address = readKey(row.address);
  if (address === null) return null;
  const targets: Mailbox[] = [];
  const badTargets: string[] = [];
  for (const text of row.targets) {
    const target = readKey(text);
    if (target === null) badTargets.push(text.slice(0, SHOWN));
    else targets.push(target);
  }
  const owner = row.owner === null ? null : readKey(row.owner);
  return { address, kind: row.kind, owner, expiresAt: momentOf(row.expires_at), posting: row.posting, targets, badTargets, oversized };
}

/** Postgres' `infinity` arrives as a number: it never comes; `-infinity` always has. */
const momentOf = (value: Date | number | null): Date | null => (typeof value === "number" ? (value > 0 ? null : new Date(0)) : value);

/** Null: no key of a canonical mailbox. At our own domains case is ignored; whoever follows a target asks `atOurs`. */
function readKey(key: string): Mailbox | null {
  const parsed = mailboxOfKey(key);
  return parsed.ok ? parsed.mailbox : null;
}
