/** The rules of single changes, for changes of many addresses at once. To be asked when the rows are written. */
import type { Queryable } from "../db/client.ts";
import { type Mailbox, mailboxOfKey } from "../mail/mailbox.ts";
import type { Graph } from "../resolve/graph.ts";
import { loopsThrough } from "../resolve/loop-check.ts";
import { asStored, follow } from "./loops.ts";
import { Refusal } from "./refusal.ts";
import { loopRefusal } from "./save-entry.ts";

/** The mailboxes of stored keys; what somebody wrote by hand and is none is left out. */
export const mailboxesOf = (keys: Iterable<string>): readonly Mailbox[] =>
  [...keys].flatMap((key) => {
    const parsed = mailboxOfKey(key);
    return parsed.ok ? [parsed.mailbox] : [];
  });

/** Refuses if mail goes round through one of the addresses, or through any address of one of the domains. Gives what was walked. */
export async function refuseLoopsAmong(tx: Queryable, addresses: ReadonlySet<string>, domains: ReadonlySet<string>): Promise<Graph> {
  const leading = domains.size === 0 ? [] : await leadingInto(tx, domains);
  const graph = await follow(asStored(tx), mailboxesOf(new Set([...addresses, ...leading])));
  const [loop] = loopsThrough(graph, ({ mailbox }) => addresses.has(mailbox.key) || domains.has(mailbox.domain)).values();
  if (loop !== undefined) throw loopRefusal(loop);
  return graph;
}

async function leadingInto(tx: Queryable, domains: ReadonlySet<string>): Promise<readonly string[]> {
  const { rows } = await tx.query<{ address: string }>({
    text: "select distinct address from targets where split_part(target, '@', -1) = any($1)",
    values: [[...domains]],
  });
  return rows.map(({ address }) => address);
}

/** Refuses if one of the addresses forwards off campus, and who holds it may not. As off-campus.ts does for one. */
export async function refuseOffCampusAmong(tx: Queryable, addresses: readonly string[]): Promise<void> {
  const { rows } = await tx.query<{ address: string; affiliation: string; target: string }>({
    text: `select e.address, e.affiliation, t.target from entries e join forwarding_policies p on p.affiliation = e.affiliation and not p.off_campus
             join lateral (select target from targets where address = e.address
                           union all select e.moved_to where e.moved_delivers) t on true
            where e.address = any($1) and coalesce(e.off_campus_until <= now(), true)
              and not exists (select from domains where domain = split_part(t.target, '@', -1))
              and not exists (select from routes where domain = split_part(t.target, '@', -1)) order by 1, 3 limit 1`,
    values: [addresses],
  });
  const [first] = rows;
  if (first === undefined) return;
  throw new Refusal(
    "refused",
    `${first.affiliation} may not forward off campus: ${first.address} → ${first.target}`,
    `For an exception: mailroom policy except ${first.address} --until DATE. Nothing was changed.`,
  );
}
