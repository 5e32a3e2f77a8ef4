/** What an undo may not do, as no other change may: what was right when it was so may not be right any more. */
import type { Queryable } from "../../db/client.ts";
import { counted } from "../../mail/counted.ts";
import { unknownIn } from "../loops.ts";
import { Refusal } from "../refusal.ts";
import { type Ourselves, refuseUsOf } from "../routes.ts";
import { refuseLoopsAmong, refuseOffCampusAmong } from "../rules.ts";

/** Before it is carried out: what the database would refuse without a next step. */
export async function refuseImpossible(tx: Queryable, ourselves: Ourselves | null): Promise<void> {
  await refuseFirst(
    tx,
    `select p.pre ->> 'domain' as a, p.key as b from undo_plan p where p.relation = 'entries' and p.op = 'insert'
      and not exists (select from domains d where d.domain = p.pre ->> 'domain'
                        and not exists (select from undo_plan g where g.relation = 'domains' and g.key = d.domain and g.op = 'delete'))
      and not exists (select from undo_plan d where d.relation = 'domains' and d.key = p.pre ->> 'domain' and d.op = 'insert')
      order by 1, 2 limit 1`,
    (domain, address) => [
      `${address} cannot come back: ${domain} is not one of our domains any more`,
      `Undo the removal of the domain first, or: mailroom domain add ${domain}`,
    ],
  );
  await refuseFirst(
    tx,
    `select p.key as a, e.address as b from undo_plan p join entries e on e.domain = p.key where p.relation = 'domains' and p.op = 'delete'
      and not exists (select from undo_plan g where g.relation = 'entries' and g.key = e.address and g.op = 'delete') order by 1, 2 limit 1`,
    (domain, address) => [
      `${domain} has addresses by now, ${address} for one`,
      `Undo what made them first, or: mailroom domain remove ${domain} --force`,
    ],
  );
  await refuseFirst(
    tx,
    `select p.key as a, p.relation as b from undo_plan p where p.grp = 'entries' and p.relation <> 'entries' and p.op <> 'delete'
      and not exists (select from entries e where e.address = p.key)
      and not exists (select from undo_plan e where e.relation = 'entries' and e.key = p.key and e.op = 'insert') order by 1 limit 1`,
    (address) => [`${address} was deleted since`, "Undo its deletion first."],
  );
  if (ourselves !== null) await refuseRoutes(tx, ourselves);
}

async function refuseFirst(tx: Queryable, text: string, words: (a: string, b: string) => [message: string, hint: string]): Promise<void> {
  const { rows } = await tx.query<{ a: string; b: string }>({ text });
  const [first] = rows;
  if (first !== undefined) throw new Refusal("refused", ...words(first.a, first.b));
}

async function refuseRoutes(tx: Queryable, ourselves: Ourselves): Promise<void> {
  const { rows } = await tx.query<{ url: string }>({
    text: "select pre ->> 'url' as url from undo_plan where relation = 'routes' and op <> 'delete'",
  });
  for (const { url } of rows) refuseUsOf(url, ourselves);
}

/** When it is carried out. Gives warnings of what is allowed and probably not meant. */
export async function refuseWrong(tx: Queryable): Promise<readonly string[]> {
  await refuseWrongDomains(tx);
  await refuseGenerated(tx);
  const { rows } = await tx.query<{ grp: string; key: string; gone: boolean }>({
    text: `select grp, key, bool_or(relation in ('entries', 'domains') and op = 'delete') as gone from undo_plan
            where grp in ('entries', 'domains') group by 1, 2`,
  });
  const keys = (grp: string, gone?: boolean) =>
    rows.filter((row) => row.grp === grp && row.gone === (gone ?? row.gone)).map(({ key }) => key);
  await refuseOffCampusAmong(tx, keys("entries", false));
  const graph = await refuseLoopsAmong(tx, new Set(keys("entries")), new Set(keys("domains")));
  const gone = new Set(keys("entries", true));
  return [...(await warningsAbout(tx)), ...unknownWarning(unknownIn(graph).filter((key) => !gone.has(key)))];
}

const unknownWarning = (unknown: readonly string[]): readonly string[] =>
  unknown.length === 0
    ? []
    : [
        `${counted(unknown.length, "target")} at our domains without an entry: mail to them is refused (${unknown.slice(0, 3).join(", ")}${unknown.length > 3 ? ", …" : ""})`,
      ];

/** A domain means one of ours, not itself by a detour, and its catch-all is somebody. */
async function refuseWrongDomains(tx: Queryable): Promise<void> {
  await refuseFirst(
    tx,
    `select d.domain as a, d.alias_of as b from domains d where exists (select from undo_plan where relation = 'domains')
      and d.alias_of is not null and not exists (select from domains m where m.domain = d.alias_of) order by 1 limit 1`,
    (domain, main) => [
      `${domain} would be an alias of ${main}, which is not one of our domains`,
      `Undo what was done to ${main} first, or: mailroom domain add ${domain} --no-alias-of`,
    ],
  );
  await refuseFirst(
    tx,
    `with recursive way as (
        select domain as a, alias_of, 1 as steps from domains where alias_of is not null and exists (select from undo_plan where relation = 'domains')
        union all select w.a, d.alias_of, steps + 1 from way w join domains d on d.domain = w.alias_of where d.alias_of is not null and steps <= 10)
      select a, alias_of as b from way where steps > 10 order by 1 limit 1`,
    (domain, main) => [
      `${domain} would be an alias of itself, by way of ${main}`,
      "Let one of these domains stand for itself first: mailroom domain add DOMAIN --no-alias-of",
    ],
  );
  await refuseFirst(
    tx,
    `select d.domain as a, d.catch_all as b from domains d join undo_plan p on p.relation = 'domains' and p.key = d.domain
      where p.op <> 'delete' and split_part(d.catch_all, '@', -1) = d.domain and not exists (select from entries e where e.address = d.catch_all)
      order by 1 limit 1`,
    (_, catchAll) => [`the catch-all ${catchAll} is itself unknown here`, `Make it first: mailroom alias set ${catchAll} --to …`],
  );
}

/** Addresses a list has by itself. */
const OWN = ["$-bounces", "$-owner", "$-request", "owner-$"]
  .map((form) => `replace('${form}', '$', left(l.address, -1 - length(l.domain))) || '@' || l.domain`)
  .join(", ");

/** A name may have been taken meanwhile: what a list has by itself is nobody's. */
const refuseGenerated = (tx: Queryable): Promise<void> =>
  refuseFirst(
    tx,
    `select e.address as a, l.address as b from entries l join entries e on e.address in (${OWN})
      where l.kind = 'list' and exists (select from undo_plan p where p.relation = 'entries' and p.op <> 'delete' and p.key in (l.address, e.address))
        and l.domain = e.domain order by 1 limit 1`,
    (address, list) => [
      `${address} belongs to the list ${list}`,
      "An address and a list that has it by itself cannot both be there: delete one of them first.",
    ],
  );

async function warningsAbout(tx: Queryable): Promise<readonly string[]> {
  const { rows } = await tx.query<{ expired: number; pointed: number; first: string | null }>({
    text: `select (select count(*)::int from undo_plan p join entries e on e.address = p.key
                    where p.relation = 'entries' and p.op <> 'delete' and e.expires_at <= now()) as expired,
                  count(distinct t.address)::int as pointed, min(t.address) as first
             from undo_plan p join targets t on t.target = p.key where p.relation = 'entries' and p.op = 'delete'`,
  });
  const { expired = 0, pointed = 0, first = null } = rows[0] ?? {};
  return [
    ...(expired > 0
      ? [`${counted(expired, "address", "addresses")} that came back ${expired === 1 ? "has" : "have"} expired meanwhile`]
      : []),
    ...(pointed > 0
      ? [`what is gone is still a target of ${first}${pointed > 1 ? ` and ${pointed - 1} more` : ""}: a dead end there now`]
      : []),
  ];
}
