/** The address whose forwarding somebody sets: always one of their own, with what the directory and the entries say of it. */
import type { Queryable } from "../../db/client.ts";
import type { Directory } from "../../directory/directory.ts";
import { atOurs, type Mailbox, mailboxOfKey, parseMailbox } from "../../mail/mailbox.ts";
import { domainsOfOurs } from "../address.ts";
import { type EntryView, readEntry } from "../entries.ts";
import { Refusal } from "../refusal.ts";
import { notThere } from "../scope.ts";

export type OwnAddress = {
  readonly mailbox: Mailbox;
  /** As it was when it was looked at; a change of it checks that it still is. */
  readonly entry: EntryView | null;
  /** Where mail goes that is not forwarded, and where a copy can be kept. */
  readonly campus: readonly Mailbox[];
  /** The mailbox has the very address: forwarding replaces it, and no copy can be kept. */
  readonly isOwnMailbox: boolean;
  readonly affiliation: string | null;
};

export type OwnAddressDeps = { readonly db: Queryable; readonly directory: Pick<Directory, "people"> };

/** Those of somebody's addresses that are at our domains, in their order; the first is their main one. `owners`: Mailbox keys. */
export async function ownMailboxes(db: Queryable, owners: readonly string[]): Promise<readonly Mailbox[]> {
  const mailboxes = owners.flatMap((key) => {
    const read = mailboxOfKey(key);
    return read.ok ? [read.mailbox] : [];
  });
  const ours = await domainsOfOurs(db, [...new Set(mailboxes.map(({ domain }) => domain))]);
  return mailboxes.filter(({ domain }) => ours.has(domain)).map(atOurs);
}

/** The one that is named, or the main one. What is not theirs is not there, whatever it is. */
export async function ownAddress(deps: OwnAddressDeps, owners: readonly string[], named: string | undefined): Promise<OwnAddress> {
  const own = await ownMailboxes(deps.db, owners);
  const parsed = named === undefined ? null : parseMailbox(named);
  const mailbox = parsed === null ? own[0] : own.find(({ key }) => parsed.ok && key === atOurs(parsed.mailbox).key);
  if (mailbox === undefined && named !== undefined) throw notThere(named);
  if (mailbox === undefined)
    throw new Refusal("notFound", "your account has no address here", "The mail administration can say why: write to postmaster.");
  return describe(deps, owners, mailbox);
}

/** Of somebody with more addresses the first ones are looked at closely. */
const MOST = 10;

/** All of somebody's addresses but those that others look after. `complete`: false while the directory does not answer for some. */
export async function describeOwn(
  deps: OwnAddressDeps,
  owners: readonly string[],
): Promise<{ readonly own: readonly OwnAddress[]; readonly complete: boolean }> {
  const mailboxes = await ownMailboxes(deps.db, owners);
  let complete = true;
  const own = await Promise.all(
    mailboxes.slice(0, MOST).map(async (mailbox) => {
      try {
        return [await describe(deps, owners, mailbox)];
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        if (error.kind === "unreachable") complete = false;
        return [];
      }
    }),
  );
  return { own: own.flat(), complete };
}

/** Whatever is known of an address that somebody has. */
export async function describe({ db, directory }: OwnAddressDeps, owners: readonly string[] | null, mailbox: Mailbox): Promise<OwnAddress> {
  const [entry, people] = await Promise.all([readEntry(db, mailbox.key), directory.people?.([mailbox])]);
  if (people?.unavailable.has(mailbox.key))
    throw new Refusal("unreachable", "the campus directory does not answer now: nothing can be changed", "Try again in a few minutes.");
  if (entry?.kind === "list") throw new Refusal("refused", `${mailbox.key} is a list`, "Its owner sets who gets its mail.");
  if (entry !== null && entry.owner !== null && owners !== null && !owners.includes(entry.owner))
    throw new Refusal("refused", `${entry.owner} looks after ${mailbox.key}`, "Ask them, or the mail administration, to change it.");
  const found = people?.byKey.get(mailbox.key);
  const person = found?.kind === "person" ? found : null;
  const isSelf = (target: Mailbox): boolean => atOurs(target).key === mailbox.key;
  return {
    mailbox,
    entry,
    campus: person === null ? await onCampus(db, entry?.targets ?? []) : person.targets.filter((target) => !isSelf(target)),
    isOwnMailbox: person?.targets.some(isSelf) === true,
    affiliation: entry?.affiliation ?? person?.ldap?.affiliation ?? null,
  };
}

/** Targets at domains that are ours or have a route of their own. */
async function onCampus(db: Queryable, targets: readonly string[]): Promise<readonly Mailbox[]> {
  const { rows } = await db.query<{ target: string }>({
    text: `select target from unnest($1::text[]) as t(target)
            where exists (select from domains where domain = split_part(target, '@', -1))
               or exists (select from routes where domain = split_part(target, '@', -1))`,
    values: [targets],
  });
  return rows.flatMap(({ target }) => {
    const read = mailboxOfKey(target);
    return read.ok ? [read.mailbox] : [];
  });
}

/** The targets that are no campus mailbox: where mail is forwarded. */
export function forwardedTo({ entry, campus }: OwnAddress): readonly string[] {
  const kept = new Set(campus.map(({ key }) => key));
  return (entry?.targets ?? []).filter((target) => !kept.has(target));
}
