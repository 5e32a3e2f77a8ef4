/** Who may forward off campus, by affiliation, and exceptions of single addresses that end by themselves. */
import type { Db, Queryable } from "../db/client.ts";
import { affiliationOf, expiryOf, ourAddress } from "./address.ts";
import { noSuch } from "./aliases.ts";
import { type Author, type Changed, changing, nameAuthor, recordChange } from "./change.ts";
import { type EntryView, readEntry } from "./entries.ts";
import { Refusal } from "./refusal.ts";
import { saveEntry } from "./save-entry.ts";

/** A policy, and how many addresses it concerns. */
export type PolicyView = { readonly affiliation: string; readonly off_campus: boolean; readonly addresses: number };

/** Says whether holders of this affiliation may forward off campus. Mail follows at once; addresses that break it are counted as a warning. */
export const setPolicy = (db: Db, author: Author, text: string, offCampus: boolean): Promise<Changed<PolicyView>> =>
  changing(db, async (tx) => {
    const affiliation = affiliationOf(text);
    const before = await readPolicy(tx, affiliation);
    if (before?.off_campus === offCampus) return { changed: false, before, after: before, warnings: [] };
    await nameAuthor(tx, author);
    await tx.query({
      text: `insert into forwarding_policies (affiliation, off_campus) values ($1, $2)
             on conflict (affiliation) do update set off_campus = excluded.off_campus`,
      values: [affiliation, offCampus],
    });
    const after = await readPolicy(tx, affiliation);
    await recordChange(tx, author, { action: "policy set", object: affiliation, before, after });
    return { changed: true, before, after, warnings: offCampus ? [] : await stopped(tx, affiliation) };
  });

/** Takes the policy away: then they may. */
export const removePolicy = (db: Db, author: Author, text: string): Promise<PolicyView> =>
  changing(db, async (tx) => {
    const affiliation = affiliationOf(text);
    const before = await readPolicy(tx, affiliation);
    if (!before) throw new Refusal("notFound", `there is no policy for ${affiliation}`, "To see them: mailroom policy list");
    await nameAuthor(tx, author);
    await tx.query({ text: "delete from forwarding_policies where affiliation = $1", values: [affiliation] });
    await recordChange(tx, author, { action: "policy remove", object: affiliation, before, after: null });
    return before;
  });

/** All policies, and affiliations that addresses have without one. */
export async function listPolicies(db: Queryable): Promise<readonly PolicyView[]> {
  const { rows } = await db.query<PolicyView>({
    text: `select affiliation, coalesce(off_campus, true) as off_campus, coalesce(n, 0)::int as addresses from forwarding_policies
             full join (select affiliation, count(*) as n from entries where affiliation is not null group by 1) e using (affiliation)
            order by affiliation`,
  });
  return rows;
}

/** Lets mail of one address leave campus until a date, whatever the policy says. Null ends that. */
export const exceptFromPolicy = (db: Db, author: Author, address: string, until: string | null): Promise<Changed<EntryView>> =>
  changing(db, async (tx) => {
    const mailbox = await ourAddress(tx, address);
    const entry = await readEntry(tx, mailbox.key);
    if (!entry) throw noSuch("alias", mailbox.key, null);
    const offCampusUntil = until === null ? null : expiryOf(until, new Date());
    const saved = await saveEntry(tx, author, { address: mailbox, kind: entry.kind, offCampusUntil });
    const needless = entry.affiliation === null ? [`${mailbox.key} has no affiliation, so no policy holds for it`] : [];
    return { ...saved, warnings: [...saved.warnings, ...needless] };
  });

async function readPolicy(tx: Queryable, affiliation: string): Promise<PolicyView | null> {
  const { rows } = await tx.query<PolicyView>({
    text: `select affiliation, off_campus, (select count(*)::int from entries e where e.affiliation = p.affiliation) as addresses
             from forwarding_policies p where affiliation = $1`,
    values: [affiliation],
  });
  return rows[0] ?? null;
}

/** Whose mail stops with the policy. */
async function stopped(tx: Queryable, affiliation: string): Promise<readonly string[]> {
  const { rows } = await tx.query<{ address: string; n: number }>({
    text: `select min(e.address) as address, count(distinct e.address)::int as n from entries e join targets t using (address)
            where e.affiliation = $1 and coalesce(e.off_campus_until <= now(), true)
              and not exists (select from domains where domain = split_part(t.target, '@', -1))
              and not exists (select from routes where domain = split_part(t.target, '@', -1))`,
    values: [affiliation],
  });
  const n = rows[0]?.n ?? 0;
  return n === 0
    ? []
    : [`${n} addresses have targets off campus, which get nothing from now on (${rows[0]?.address}${n > 1 ? ", …" : ""})`];
}
