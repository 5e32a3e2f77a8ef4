/** Forwarding policies at the moment an entry is saved; mail itself is judged by the resolver, whatever was saved before. */
import type { Queryable } from "../db/client.ts";
import type { EntryView } from "./entries.ts";
import { Refusal } from "./refusal.ts";

/** Refuses targets off campus of a holder whose affiliation may not forward there: domains that are neither ours nor have a route of their own. */
export async function refuseOffCampus(
  tx: Queryable,
  row: Pick<EntryView, "address" | "affiliation" | "targets" | "moved_to" | "moved_delivers" | "off_campus_until">,
): Promise<void> {
  if (row.affiliation === null) return;
  const targets = row.moved_delivers && row.moved_to !== null ? [...row.targets, row.moved_to] : row.targets;
  const { rows } = await tx.query<{ target: string }>({
    text: `select target from unnest($2::text[]) as t(target)
            where exists (select from forwarding_policies where affiliation = $1 and not off_campus) and coalesce($3::timestamptz <= now(), true)
              and not exists (select from domains where domain = split_part(target, '@', -1))
              and not exists (select from routes where domain = split_part(target, '@', -1)) order by target limit 4`,
    values: [row.affiliation, targets, row.off_campus_until],
  });
  if (rows.length === 0) return;
  const named = rows.slice(0, 3).map(({ target }) => target);
  throw new Refusal(
    "refused",
    `${row.affiliation} may not forward off campus: ${named.join(", ")}${rows.length > 3 ? ", …" : ""}`,
    `Name an address on campus. For an exception: make it so first, then mailroom policy except ${row.address} --until DATE`,
    "policy-external",
  );
}
