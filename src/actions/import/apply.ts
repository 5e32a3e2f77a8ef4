/** Writes a compared import into the directory, with a change record for each address, in a handful of statements. */
import type { Queryable } from "../../db/client.ts";
import { type Author, nameAuthor, recordChange } from "../change.ts";
import type { Counts } from "./plan.ts";

/** What the import was, for its own change record. */
export type ImportFacts = { readonly format: string; readonly file: string; readonly counts: Counts; readonly replaces: boolean };

const LIFE = ["starts_at", "affiliation", "disabled", "disabled_text", "moved_to", "moved_delivers"] as const;

/** An entry with its targets as JSON, in the shape of the other change records. */
const asJson = (entry: string, targets: string, roles: (role: string) => string): string =>
  `jsonb_build_object('address', ${entry}.address, 'kind', ${entry}.kind, 'owner', ${entry}.owner, 'posting', ${entry}.posting,
     'expires_at', ${entry}.expires_at, 'starts_at', ${entry}.starts_at, 'affiliation', ${entry}.affiliation, 'disabled', ${entry}.disabled,
     'disabled_text', ${entry}.disabled_text, 'moved_to', ${entry}.moved_to, 'moved_delivers', ${entry}.moved_delivers, 'note', ${entry}.note,
     'own_copy', ${entry}.own_copy, 'may_leave', ${entry}.may_leave, 'member_limit', ${entry}.member_limit,
     'senders', ${roles("sender")}, 'excluded', ${roles("excluded")}, 'targets', ${targets})`;

/** Those who are this to the entry as it stands. */
const standing = (role: string): string =>
  `array(select mailbox from list_roles m where m.address = e.address and m.role = '${role}' order by mailbox)`;

/** An entry as it stands (alias `e`), and as a row of the file (alias `r`) wants it. */
export const BEFORE = asJson("e", "array(select target from targets t where t.address = e.address order by target)", standing);
export const AFTER = asJson(
  "r",
  "array(select target from import_targets t where t.line = r.line order by target)",
  (role) =>
    `case when '${role === "sender" ? "senders" : role}' = any(r.says)
        then array(select mailbox from import_roles n where n.line = r.line and n.role = '${role}' order by mailbox) else ${standing(role)} end`,
);

/**
 * Applies all rows in state new or changed, domain aliases and removals. To be called inside changing(), after compare() found no
 * problem. Each changed address gets its own change record (its history, and what an undo needs), all with the same moment.
 */
export async function applyImport(tx: Queryable, author: Author, facts: ImportFacts): Promise<void> {
  const run = async (text: string, values: readonly unknown[] = []) => void (await tx.query({ text, values }));
  const recorded = [author.actor, `import ${facts.format}`, author.why];
  await nameAuthor(tx, author);
  await run(
    `insert into change_records (actor, action, object, why, before, after)
     select $1, $2, r.address, $3, case when e.address is not null then ${BEFORE} end, ${AFTER}
       from import_rows r left join entries e on e.address = r.address where r.state in ('new', 'changed') order by r.line`,
    recorded,
  );
  await run(`insert into entries (address, domain, kind, owner, expires_at, note, posting, own_copy, may_leave, member_limit, ${LIFE.join(", ")})
             select address, domain, kind, owner, expires_at, note, posting, own_copy, may_leave, member_limit, ${LIFE.join(", ")} from import_rows where state = 'new'`);
  await run(`update entries e set kind = r.kind, owner = r.owner, expires_at = r.expires_at, note = r.note, posting = r.posting,
                    ${LIFE.map((name) => `${name} = r.${name}`).join(", ")},
                    own_copy = r.own_copy, may_leave = r.may_leave, member_limit = r.member_limit,
                    changed_at = now(), version = e.version + 1
               from import_rows r where r.address = e.address and r.state = 'changed'`);
  await run(`delete from targets t using import_rows r
              where r.address = t.address and r.state = 'changed'
                and not exists (select from import_targets n where n.line = r.line and n.target = t.target)`);
  await run(`insert into targets (address, target)
             select r.address, n.target from import_targets n join import_rows r using (line) where r.state in ('new', 'changed') on conflict do nothing`);
  await run(`delete from list_roles m using import_rows r
              where r.address = m.address and r.state = 'changed'
                and (r.kind = 'alias' or (case m.role when 'sender' then 'senders' else 'excluded' end = any(r.says)
                     and not exists (select from import_roles n where n.line = r.line and n.role = m.role and n.mailbox = m.mailbox)))`);
  await run(`insert into list_roles (address, role, mailbox)
             select r.address, n.role, n.mailbox from import_roles n join import_rows r using (line)
              where r.state in ('new', 'changed') and r.kind = 'list' on conflict do nothing`);
  if (facts.replaces) await remove(run, recorded);
  await run(
    `insert into change_records (actor, action, object, why, before, after)
     select $1, $2, d.domain, $3, jsonb_build_object('alias_of', d.alias_of), jsonb_build_object('alias_of', r.alias_of)
       from import_domains r join domains d using (domain) where r.state = 'changed'`,
    recorded,
  );
  await run("update domains d set alias_of = r.alias_of from import_domains r where r.domain = d.domain and r.state = 'changed'");
  await recordChange(tx, author, { action: `import ${facts.format}`, object: facts.file, before: null, after: facts.counts });
}

async function remove(run: (text: string, values?: readonly unknown[]) => Promise<void>, recorded: readonly unknown[]): Promise<void> {
  await run(
    `insert into change_records (actor, action, object, why, before)
     select $1, $2, e.address, $3, ${BEFORE} from entries e join import_removed using (address) order by e.address`,
    recorded,
  );
  await run("delete from targets t using import_removed r where r.address = t.address"); // at once: a cascade runs the triggers for each entry
  await run("delete from entries e using import_removed r where r.address = e.address");
}
