/** Compares what an import asks for with the directory: what is new, changed, the same, removed, and what cannot be. */
import type { Queryable } from "../../db/client.ts";
import { RESERVED_NAMES } from "../reserved.ts";

/** The preview in numbers. `targets` counts the targets of all rows that can be taken. */
export type Counts = {
  readonly new: number;
  readonly changed: number;
  readonly removed: number;
  readonly same: number;
  readonly problems: number;
};

/** An expiry as momentText (mail/moment.ts) writes it: the day that ends then, else the moment. */
const WRITTEN = `case when r.expires_at at time zone 'UTC' = date_trunc('day', r.expires_at at time zone 'UTC')
                       then to_char(r.expires_at at time zone 'UTC' - interval '1 day', 'YYYY-MM-DD')
                       else to_char(r.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end`;

/** Sets the state of every staged row: problem, new, changed or same. `now` is the database's. */
export async function compare(tx: Queryable): Promise<void> {
  await tx.query({ text: "create index on import_rows (address)" });
  await tx.query({ text: "create index on import_targets (line, target)" });
  // Nobody analyzes a temporary table but us; without it the joins below are planned for a handful of rows.
  for (const table of ["import_rows", "import_targets", "import_roles", "import_domains"]) await tx.query({ text: `analyze ${table}` });
  await tx.query({
    text: `update import_rows r set problem = 'the same address as in line ' || d.first, fix = 'take one of the two out, or join their targets in one row'
             from (select line, min(line) over (partition by address) as first from import_rows where problem is null) d
            where d.line = r.line and d.first < d.line`,
  });
  await tx.query({
    text: `update import_domains r set problem = '@' || r.domain || ' stands in line ' || d.first || ' already', fix = 'take one of the two out'
             from (select line, min(line) over (partition by domain) as first from import_domains) d
            where d.line = r.line and d.first < d.line`,
  });
  await tx.query({ text: SETTLE_WHAT_STAYS });
  await tx.query({
    text: `update import_rows r set problem = 'the expiry ' || ${WRITTEN} || ' is in the past',
                  fix = 'write a date that lies ahead, or take the row out'
            where r.problem is null and r.expires_at <= now()
              and not exists (select from entries e where e.address = r.address and e.expires_at = r.expires_at)`,
  });
  await tx.query({
    text: `update import_rows set problem = 'it would start when it has expired', fix = 'let it start before it ends'
            where problem is null and starts_at >= expires_at`,
  });
  await tx.query({ text: GENERATED });
  await tx.query({ text: STATES });
  await tx.query({
    text: `update import_domains r set state = case when d.alias_of is not distinct from r.alias_of then 'same' else 'changed' end
             from domains d where d.domain = r.domain and r.problem is null`,
  });
}

/** Marks new rows whose names may not be taken, and rows that forward off campus for those who may not. Gives a warning of look-alikes. */
export async function checkNames(tx: Queryable, reservedOk: boolean): Promise<readonly string[]> {
  await tx.query({
    text: `update import_rows r set state = null, problem = 'somebody held this address until ' || to_char(t.until, 'YYYY-MM-DD'),
                  fix = 'take the row out, or make it with mailroom alias set … --reuse --why'
             from (select address, max(buried_at) as until from tombstones group by 1) t where t.address = r.address and r.state = 'new'`,
  });
  if (!reservedOk)
    await tx.query({
      text: `update import_rows r set state = null, problem = 'a reserved name (RFC 2142, or of the domain)',
                    fix = 'take the row out, or import with --reserved-ok'
               from domains d where d.domain = r.domain and r.state = 'new'
                and (split_part(r.address, '@', 1) = any($1) or split_part(r.address, '@', 1) = any(d.reserved))`,
      values: [[...RESERVED_NAMES]],
    });
  await tx.query({
    text: `update import_rows r set state = null, problem = r.affiliation || ' may not forward off campus', fix = 'name targets on campus'
             from forwarding_policies p where p.affiliation = r.affiliation and not p.off_campus and r.state in ('new', 'changed')
              and not exists (select from entries e where e.address = r.address and e.off_campus_until > now())
              and exists (select from (select target from import_targets n where n.line = r.line
                                       union all select r.moved_to where r.moved_delivers) n
                           where split_part(n.target, '@', -1) not in (select domain from domains union all select domain from routes))`,
  });
  const { rows } = await tx.query<{ address: string; other: string; n: number }>({
    text: `with alike as (
             select r.address, e.address as other from import_rows r join entries e on name_skeleton(e.address) = name_skeleton(r.address)
              where r.state = 'new' and e.address <> r.address
             union all
             select r.address, t.address from import_rows r join tombstones t on name_skeleton(t.address) = name_skeleton(r.address)
              where r.state = 'new' and t.address <> r.address)
           select min(address) as address, (array_agg(other order by address))[1] as other, count(distinct address)::int as n from alike`,
  });
  const [first] = rows;
  if (first === undefined || first.n === 0) return [];
  return [`${first.n} new ${first.n === 1 ? "address looks" : "addresses look"} like another (${first.address} like ${first.other})`];
}

/** Gives each row the properties the file does not speak of: those of the entry that exists, else the defaults. */
const SETTLE_WHAT_STAYS = `
  update import_rows r
     set kind = s.kind,
         posting = case when s.kind = 'list' then coalesce(r.posting, s.posting, 'anyone') end,
         own_copy = case when s.kind = 'list' then coalesce(r.own_copy, s.own_copy, true) else true end,
         may_leave = case when s.kind = 'list' then coalesce(r.may_leave, s.may_leave, false) else false end,
         member_limit = case when s.kind = 'list' then case when 'memberLimit' = any(r.says) then r.member_limit else s.member_limit end end,
         owner = case when 'owner' = any(r.says) then r.owner else s.owner end,
         expires_at = case when 'expiresAt' = any(r.says) then r.expires_at else s.expires_at end,
         note = case when 'note' = any(r.says) then r.note else s.note end,
         starts_at = case when 'startsAt' = any(r.says) then r.starts_at else s.starts_at end,
         affiliation = case when 'affiliation' = any(r.says) then r.affiliation else s.affiliation end,
         disabled = case when r.says && '{disabled,moved}' then r.disabled else s.disabled end,
         disabled_text = case when r.says && '{disabled,moved}' then r.disabled_text else s.disabled_text end,
         moved_to = case when r.says && '{disabled,moved}' then r.moved_to else s.moved_to end,
         moved_delivers = case when r.says && '{disabled,moved}' then r.moved_delivers else coalesce(s.moved_delivers, false) end
    from (select i.line, coalesce(i.kind, e.kind, 'alias') as kind, e.posting, e.owner, e.expires_at, e.note, e.starts_at, e.affiliation,
                 e.disabled, e.disabled_text, e.moved_to, e.moved_delivers, e.own_copy, e.may_leave, e.member_limit
            from import_rows i left join entries e on e.address = i.address where i.problem is null) s
   where s.line = r.line`;

/** What a list has by itself cannot be imported beside it, neither into the directory nor in the same file. */
const GENERATED = `
  update import_rows r set problem = r.address || ' belongs to the list ' || l.address, fix = 'take the row out: the list leads to its owner by itself'
    from (select address, domain from entries where kind = 'list' union select address, domain from import_rows where kind = 'list' and problem is null) l
   where r.problem is null and r.domain = l.domain and not exists (select from entries e where e.address = r.address)
     and r.address in (${["$-bounces", "$-owner", "$-request", "owner-$"]
       .map((form) => `replace('${form}@', '$', left(l.address, -1 - length(l.domain))) || l.domain`)
       .join(", ")})`;

/** Whom the file names in this role, of the lists it speaks of in this way, differs from what stands. */
const otherRoles = (says: string, role: string): string => `
  ('${says}' = any(i.says) and i.kind = 'list'
   and (select array_agg(distinct n.mailbox order by n.mailbox) from import_roles n where n.line = i.line and n.role = '${role}')
       is distinct from (select array_agg(m.mailbox order by m.mailbox) from list_roles m where m.address = e.address and m.role = '${role}'))`;

/** Targets are compared as sets: none is missing on either side. */
const STATES = `
  update import_rows r
     set state = case when e.address is null then 'new'
                      when (e.kind, e.owner, e.expires_at, e.note, e.posting, e.own_copy, e.may_leave, e.member_limit, e.starts_at, e.affiliation,
                            e.disabled, e.disabled_text, e.moved_to, e.moved_delivers)
                           is distinct from
                           (i.kind, i.owner, i.expires_at, i.note, i.posting, i.own_copy, i.may_leave, i.member_limit, i.starts_at, i.affiliation,
                            i.disabled, i.disabled_text, i.moved_to, i.moved_delivers)
                        or ${otherRoles("senders", "sender")} or ${otherRoles("excluded", "excluded")}
                        or exists (select from targets t where t.address = e.address
                                     and not exists (select from import_targets n where n.line = i.line and n.target = t.target))
                        or (select count(*) from import_targets n where n.line = i.line) <> (select count(*) from targets t where t.address = e.address)
                      then 'changed' else 'same' end
    from import_rows i left join entries e on e.address = i.address
   where i.line = r.line and r.problem is null`;

/** From this share of a domain's entries on, a removal is said to be large. */
const LARGE = 0.1;

/**
 * With --replace: marks the entries of these domains that the import does not name. Which domains: those of its rows and of
 * --domain. Gives a warning for each domain that would lose a large part.
 */
export async function markRemoved(tx: Queryable, domain: string | null): Promise<readonly string[]> {
  await tx.query({
    text: `create temp table import_removed on commit drop as
             select e.address, e.domain from entries e
              where e.domain in (select domain from import_rows where problem is null union select $1::text)
                and not exists (select from import_rows r where r.address = e.address)`,
    values: [domain],
  });
  await tx.query({ text: "create index on import_removed (address)" });
  const { rows } = await tx.query<{ domain: string; share: number }>({
    text: `select domain, share from (select domain, count(*)::float8 / (select count(*) from entries e where e.domain = r.domain) as share
             from import_removed r group by domain) s where share >= $1 order by domain`,
    values: [LARGE],
  });
  return rows.map((row) => `removes ${Math.round(row.share * 100)} % of ${row.domain}`);
}

/** Counts the states. */
export async function countStates(tx: Queryable, replaces: boolean): Promise<Counts> {
  const { rows } = await tx.query<Counts>({
    text: `select count(*) filter (where state = 'new')::int as new, count(*) filter (where state = 'changed')::int as changed,
                  ${replaces ? "(select count(*)::int from import_removed)" : "0"} as removed,
                  count(*) filter (where state = 'same')::int as same, count(*) filter (where problem is not null)::int as problems
             from (select state, problem from import_rows union all select state, problem from import_domains) s`,
  });
  return rows[0] as Counts; // an aggregate always has one row
}
