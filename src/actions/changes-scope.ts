/** Which change sets somebody may see, and which of them they may take back. */
import type { Queryable } from "../db/client.ts";
import { Refusal } from "./refusal.ts";
import { type Scope, scopeValues } from "./scope.ts";

/** Whose eyes they are: how far these see, and the principal (`ldap:ann`), whose own changes are theirs. */
export type Viewer = { readonly scope: Scope; readonly principal: string };

/** The four parameters of the conditions below. */
export const viewerValues = ({ scope, principal }: Viewer): readonly unknown[] => [...scopeValues(scope), principal];

/** Names under which a principal makes changes: by the panel, and by each of their tokens. */
const ownActor = (actor: string, principal: string): string =>
  `(${actor} = ${principal} || ' via panel' or ${actor} in (select ${principal} || ' via token ' || name from panel_tokens where principal = ${principal}))`;

/**
 * A change record is in scope by its domain, or by its address and the owner of that. What an owner deleted themselves is theirs still. The
 * condition is on an alias of change_records; its parameters begin at `$first`.
 */
export const recordInScope = (r: string, first: number): string =>
  `($${first}::boolean or split_part(${r}.object, '@', -1) = any($${first + 1}::text[]) or ${r}.object = any($${first + 2}::text[])
    or ${r}.object collate "C" in (select address from entries where owner = any($${first + 2}::text[]))
    or (${ownActor(`${r}.actor`, `$${first + 3}::text`)} and (${r}.before ->> 'owner' = any($${first + 2}::text[]) or ${r}.after ->> 'owner' = any($${first + 2}::text[]))))`;

/**
 * A change set is seen by who sees one of its records. Domains are probed in the index for each set; what belongs to an owner is few, and found
 * from the records' side. The condition is on an alias of change_sets.
 */
export const setInScope = (s: string, first: number): string => {
  const [everything, domains, owners, principal] = [first, first + 1, first + 2, first + 3].map((n) => `$${n}`);
  const ofSet = `(r.txid, r.changed_at) = (${s}.txid, ${s}.changed_at)`;
  const bySets = (condition: string) =>
    `${s}.change_no in (select o.change_no from change_records r join change_sets o using (txid, changed_at) where ${condition}
                        union all select r.change_no from change_records r where r.txid is null and ${condition})`;
  return `(${everything}::boolean
    or exists (select from change_records r where ${ofSet} and split_part(r.object, '@', -1) = any(${domains}::text[]))
    or (${s}.txid is null and exists (select from change_records r where r.change_no = ${s}.change_no and split_part(r.object, '@', -1) = any(${domains}::text[])))
    or (cardinality(${owners}::text[]) > 0 and (${bySets(`r.object = any(${owners}::text[] || array(select address::text from entries where owner = any(${owners}::text[])))`)}
        or (${ownActor(`${s}.actor`, `${principal}::text`)} and exists (select from change_records r
             where ${ofSet} and (r.before ->> 'owner' = any(${owners}::text[]) or r.after ->> 'owner' = any(${owners}::text[])))))))`;
};

/** A record that speaks of a whole set, as in "3 entries" or "people.csv": it is about no object of its own. */
const SPEAKS_OF_ALL = `r.before is null and r.object not like '%@%' and not exists (select from domains d where d.domain = r.object collate "C")
  and r.action ~ '^(bulk |import |undo of )' and exists (select from change_records o where o.txid = r.txid and o.change_no < r.change_no)`;

/**
 * Refuses what somebody may see but not take back: a set that touches more than their scope, or that was made by nobody of theirs. A
 * department's people are those who have no role outside of its domains; an owner's is the owner alone.
 */
export async function refuseForeignUndo(db: Queryable, viewer: Viewer, changeNo: number): Promise<void> {
  if (viewer.scope.everything) return;
  const { rows } = await db.query<{ foreign: number; actor: string; own: boolean; theirs: boolean }>({
    text: `select s.actor, ${ownActor("s.actor", "$4::text")} as own,
                  s.actor ~ '^(local|ldap|oidc):.* via (panel$|token )' and not exists (
                    select from panel_grants g where (s.actor = g.principal || ' via panel' or starts_with(s.actor, g.principal || ' via token '))
                       and (g.domain is null or g.domain <> all($2::text[]))) as theirs,
                  (select count(*)::int from change_records r
                    where ((r.txid, r.changed_at) = (s.txid, s.changed_at) or r.change_no = s.change_no)
                      and not (${SPEAKS_OF_ALL}) and not ${recordInScope("r", 1)}) as "foreign"
             from change_sets s where s.change_no = $5`,
    values: [...viewerValues(viewer), changeNo],
  });
  const [set] = rows;
  if (set === undefined) return;
  if (set.foreign > 0)
    throw new Refusal(
      "refused",
      `change #${changeNo} touches ${set.foreign} more ${set.foreign === 1 ? "object" : "objects"} than those you look after`,
      "Ask somebody who runs this server to undo it.",
    );
  const mayUndo = set.own || (viewer.scope.domains.length > 0 && set.theirs);
  if (!mayUndo)
    throw new Refusal("refused", `change #${changeNo} was made by ${set.actor}`, "Ask them, or somebody who runs this server, to undo it.");
}

/** The last word on an undo, inside its transaction: it wrote nothing beyond the scope. */
export async function refuseBeyondScope(tx: Queryable, viewer: Viewer, undoNo: number): Promise<void> {
  if (viewer.scope.everything) return;
  const { rows } = await tx.query<{ n: number }>({
    text: `select count(*)::int as n from change_sets s join change_records r using (txid, changed_at)
            where s.change_no = $5 and not (${SPEAKS_OF_ALL}) and not ${recordInScope("r", 1)}`,
    values: [...viewerValues(viewer), undoNo],
  });
  if ((rows[0]?.n ?? 0) > 0)
    throw new Refusal("refused", "this undo would change more than what you look after", "Ask somebody who runs this server to undo it.");
}
