/** Finds all targets that lead nowhere, by the meanings RCPT goes by, in one pass over the directory. */
import type { Db, Queryable } from "../../db/client.ts";
import { type Domains, readDomains } from "../../directory/tables.ts";
import { mailboxOfKey } from "../../mail/mailbox.ts";
import { meaningsOf } from "../../resolve/meanings.ts";

/** Why mail to a target goes no further. `empty`: a list nobody is on. */
export type DeadReason = "unknown" | "expired" | "off" | "moved" | "empty";

/** Targets looked at together. */
const BATCH = 5000;
const NAME = "dead ends";
/** Nothing was changed by an action: dates pass all the same, and somebody may have edited by hand. */
const AT_LEAST = "interval '1 hour'";

/**
 * Looks whether anything was changed since the last pass, by whatever server, and makes another if so. `sources`: the LDAP sources there
 * are; as long as one of them was not compared as a whole nobody is called unknown. Gives how many were found, or null when nothing was to do.
 */
export async function findDeadEnds(db: Db, sources: readonly string[]): Promise<number | null> {
  if (!(await begin(db))) return null;
  const peopleAreKnown = await allCompared(db, sources);
  const { byName } = await readDomains(db);
  const dead = new Map<string, DeadReason>();
  for (let after = ""; ; ) {
    const { rows } = await db.query<{ target: string }>({ text: TARGETS, values: [after, BATCH] });
    const last = rows.at(-1);
    if (last === undefined) break;
    after = last.target;
    for (const [target, reason] of await deadAmong(db, byName, rows, peopleAreKnown)) dead.set(target, reason);
  }
  return keep(db, dead);
}

const TARGETS = "select target from targets where target > $1 group by target order by target limit $2";

/** True: this server makes the pass. The state it is made of is noted first: what changes meanwhile makes another one due. */
async function begin(db: Queryable): Promise<boolean> {
  const { rowCount } = await db.query({
    text: `insert into searches as s (name, began_at, "of") select $1, now(), ${STATE}
           on conflict (name) do update set began_at = now(), ended_at = null, "of" = excluded."of"
            where s.began_at < now() - ${AT_LEAST} or (s."of"::text is distinct from excluded."of"::text and s.began_at < now() - interval '50 seconds')`,
    values: [NAME],
  });
  return rowCount === 1;
}

const STATE = `json_build_array((select max(change_no) from change_records), (select max(ended_at) from ldap_syncs))`;

async function allCompared(db: Queryable, sources: readonly string[]): Promise<boolean> {
  const { rows } = await db.query<{ missing: boolean }>({
    text: `select exists (select from unnest($1::text[]) as n(name) where not exists (
             select from ldap_syncs s where s.source = n.name and s.ended_at is not null and s.fault is null)) as missing`,
    values: [sources],
  });
  return rows[0]?.missing === false;
}

/** Those of a batch at our domains that nothing answers for. */
async function deadAmong(
  db: Queryable,
  domains: Domains["byName"],
  rows: readonly { readonly target: string }[],
  peopleAreKnown: boolean,
): Promise<Map<string, DeadReason>> {
  const asked = rows.flatMap(({ target }) => {
    const read = mailboxOfKey(target);
    if (!read.ok || read.mailbox.localPart === "postmaster") return [];
    const { candidates, otherwise } = meaningsOf(read.mailbox, domains);
    return otherwise === null ? [{ target, candidates }] : [];
  });
  const keys = [...new Set(asked.flatMap(({ candidates }) => candidates.map(({ entry }) => entry.key)))];
  const known = await readKnown(db, keys);
  const dead = new Map<string, DeadReason>();
  for (const { target, candidates } of asked) {
    const answer = candidates
      .map(({ entry, ofList }) => ({ found: known.get(entry.key), ofList }))
      .find(({ found, ofList }) => counts(found, ofList));
    const reason = answer?.found === undefined ? (peopleAreKnown ? "unknown" : null) : answer.found.reason;
    if (reason !== null) dead.set(target, reason);
  }
  return dead;
}

type Known = { readonly address: string; readonly kind: string; readonly reason: DeadReason | null };

/** A list's own addresses count only where there is a list. */
const counts = (found: Known | undefined, ofList: unknown): boolean => found !== undefined && (ofList === null || found.kind === "list");

async function readKnown(db: Queryable, keys: readonly string[]): Promise<Map<string, Known>> {
  const { rows } = await db.query<Known>({
    text: `select address, kind, case when expires_at <= now() then 'expired' when disabled in ('hard', 'text') then 'off'
                                      when moved_to is not null and not moved_delivers then 'moved' end as reason
             from entries where address = any($1::text[])
           union all select address, kind, null from ldap_answers where address = any($1::text[])`,
    values: [keys],
  });
  const known = new Map<string, Known>();
  for (const row of rows) if (!known.has(row.address)) known.set(row.address, row); // an entry before what LDAP says
  return known;
}

/** Replaces what was found before; what was dead already keeps its date. */
function keep(db: Db, dead: ReadonlyMap<string, DeadReason>): Promise<number> {
  return db.transaction(async (tx) => {
    await tx.query({ text: "create temporary table found_dead (address text, target text, reason text) on commit drop" });
    await tx.query({
      text: `insert into found_dead select t.address, t.target, d.reason
               from unnest($1::text[], $2::text[]) as d(target, reason) join targets t on t.target = d.target collate "C"`,
      values: [[...dead.keys()], [...dead.values()]],
    });
    await tx.query({
      text: `insert into found_dead select address, '', 'empty' from entries e where kind = 'list'
               and not exists (select from targets t where t.address = e.address) and not exists (select from list_filters f where f.address = e.address)`,
    });
    await tx.query({
      text: `delete from dead_ends d where not exists (
               select from found_dead f where f.address = d.address collate "C" and f.target = d.target collate "C" and f.reason = d.reason)`,
    });
    await tx.query({
      text: "insert into dead_ends (address, target, reason) select address, target, reason from found_dead on conflict do nothing",
    });
    const { rows } = await tx.query<{ count: number }>({ text: "select count(*)::integer as count from dead_ends" });
    await tx.query({ text: "update searches set ended_at = now() where name = $1", values: [NAME] });
    return rows[0]?.count ?? 0;
  });
}
