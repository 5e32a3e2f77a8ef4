/** Directory rows written by hand, as a person with psql would. */
import type { Db, Queryable } from "../../src/db/client.ts";

export type Rows = {
  readonly domains?: readonly { domain: string; aliasOf?: string; catchAll?: string; subaddressing?: boolean }[];
  /** Address → targets, or the whole entry. */
  readonly entries?: Readonly<Record<string, readonly string[] | HandEntry>>;
  readonly routes?: Readonly<Record<string, string>>;
  /** Affiliation → whether its holders may forward off campus. */
  readonly policies?: Readonly<Record<string, boolean>>;
};

export type HandEntry = {
  readonly targets: readonly string[];
  readonly list?: string; // its posting policy
  readonly owner?: string;
  readonly expires?: string; // as Postgres reads it
  readonly starts?: string;
  readonly disabled?: string;
  readonly text?: string; // what is said of it
  readonly movedTo?: string;
  readonly delivers?: boolean;
  readonly affiliation?: string;
  readonly offCampusUntil?: string;
  /** Target → [starts, expires]. */
  readonly dates?: Readonly<Record<string, readonly [string | null, string | null]>>;
  readonly ownCopy?: boolean;
  readonly mayLeave?: boolean;
  readonly limit?: number;
  readonly senders?: readonly string[];
  readonly excluded?: readonly string[];
};

/** Replaces the whole directory, in one transaction. */
export const writeDirectory = (db: Db, rows: Rows): Promise<void> => db.transaction((tx) => replaceRows(tx, rows));

async function replaceRows(db: Queryable, { domains = [], entries = {}, routes = {}, policies = {} }: Rows): Promise<void> {
  await db.query({ text: "set local synchronous_commit = off" }); // these tests ask what rows mean, not whether they survive a power cut
  for (const table of ["targets", "entries", "domains", "routes", "forwarding_policies"]) await db.query({ text: `delete from ${table}` }); // truncate makes new files: 0.5 s
  await db.query({
    text: `insert into domains (domain, alias_of, catch_all, subaddressing)
           select domain, "aliasOf", "catchAll", coalesce(subaddressing, true)
             from jsonb_to_recordset($1::jsonb) as d(domain text, "aliasOf" text, "catchAll" text, subaddressing boolean)`,
    values: [JSON.stringify(domains)],
  });
  await addEntries(db, entries);
  await db.query({ text: "insert into routes select * from jsonb_each_text($1::jsonb)", values: [JSON.stringify(routes)] });
  await db.query({
    text: "insert into forwarding_policies select key, value::boolean from jsonb_each_text($1::jsonb)",
    values: [JSON.stringify(policies)],
  });
}

async function addEntries(db: Queryable, entries: NonNullable<Rows["entries"]>): Promise<void> {
  const rows = Object.entries(entries).map(([address, entry]) => {
    const whole: HandEntry = "targets" in entry ? entry : { targets: entry };
    return { ...whole, address, domain: address.slice(address.lastIndexOf("@") + 1) };
  });
  const values = [JSON.stringify(rows)];
  await db.query({
    text: `insert into entries (address, domain, kind, posting, owner, expires_at, starts_at, disabled, disabled_text, moved_to, moved_delivers,
                                affiliation, off_campus_until, own_copy, may_leave, member_limit)
           select address, domain, case when list is null then 'alias' else 'list' end, list, owner, expires::timestamptz,
                  starts::timestamptz, disabled, "text", "movedTo", coalesce(delivers, false), affiliation, "offCampusUntil"::timestamptz,
                  coalesce("ownCopy", true), coalesce("mayLeave", false), "limit"
             from jsonb_to_recordset($1::jsonb) as e(address text, domain text, list text, owner text, expires text, starts text, disabled text,
                    "text" text, "movedTo" text, delivers boolean, affiliation text, "offCampusUntil" text, "ownCopy" boolean,
                    "mayLeave" boolean, "limit" integer)`,
    values,
  });
  await db.query({
    text: `insert into list_roles (address, role, mailbox)
             select e.address, r.role, m.mailbox
               from jsonb_to_recordset($1::jsonb) as e(address text, senders jsonb, excluded jsonb),
                    lateral (values ('sender', e.senders), ('excluded', e.excluded)) as r(role, mailboxes),
                    jsonb_array_elements_text(r.mailboxes) as m(mailbox)`,
    values,
  });
  await db.query({
    text: `insert into targets (address, target, starts_at, expires_at)
           select e.address, t.target, (e.dates #>> array[t.target, '0'])::timestamptz, (e.dates #>> array[t.target, '1'])::timestamptz
             from jsonb_to_recordset($1::jsonb) as e(address text, targets jsonb, dates jsonb), jsonb_array_elements_text(e.targets) as t(target)`,
    values,
  });
}
