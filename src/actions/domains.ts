import type { Db, Queryable } from "../db/client.ts";
import { counted } from "../mail/counted.ts";
import { mailboxOfKey, textOfKey } from "../mail/mailbox.ts";
import { loopsThrough } from "../resolve/loop-check.ts";
import { domainOf, domainsOfOurs, quoted, targetsOf } from "./address.ts";
import { type Author, type Changed, changing, nameAuthor, recordChange } from "./change.ts";
import { readEntry } from "./entries.ts";
import { asStored, follow } from "./loops.ts";
import { Refusal } from "./refusal.ts";
import { loopRefusal } from "./save-entry.ts";

/** A domain of ours as the command line and the API show it. */
export type DomainView = {
  readonly domain: string;
  readonly alias_of: string | null;
  readonly catch_all: string | null;
  readonly subaddressing: boolean;
  /** Local parts that are reserved here, besides those that are everywhere. */
  readonly reserved: readonly string[];
  readonly created_at: string;
};

/** What a domain shall be. What is undefined stays as it is; null takes it away. */
export type DomainInput = {
  readonly domain: string;
  readonly aliasOf?: string | null | undefined;
  readonly catchAll?: string | null | undefined;
  readonly subaddressing?: boolean | undefined;
};

/**
 * Makes a domain ours, or gives the one that is ours already these properties. Refuses an alias of a domain that is not ours, and
 * whatever would send mail in a circle.
 */
export const addDomain = (db: Db, author: Author, input: DomainInput): Promise<Changed<DomainView>> =>
  changing(db, async (tx) => {
    const domain = domainOf(input.domain);
    const before = await readDomain(tx, domain);
    const row = {
      alias_of: input.aliasOf === undefined ? (before?.alias_of ?? null) : await mainDomain(tx, domain, input.aliasOf),
      catch_all: input.catchAll === undefined ? (before?.catch_all ?? null) : await catchAllOf(tx, domain, input.catchAll),
      subaddressing: input.subaddressing ?? before?.subaddressing ?? true,
    };
    const names = ["alias_of", "catch_all", "subaddressing"] as const;
    if (before && names.every((name) => before[name] === row[name])) return { changed: false, before, after: before, warnings: [] };
    await nameAuthor(tx, author);
    await tx.query({
      text: `insert into domains (domain, alias_of, catch_all, subaddressing) values ($1, $2, $3, $4)
             on conflict (domain) do update set alias_of = excluded.alias_of, catch_all = excluded.catch_all, subaddressing = excluded.subaddressing`,
      values: [domain, row.alias_of, row.catch_all, row.subaddressing],
    });
    await refuseCircles(tx, domain);
    const after = await readDomain(tx, domain);
    await recordChange(tx, author, { action: `domain ${before ? "change" : "add"}`, object: domain, before, after });
    return { changed: true, before, after, warnings: domainWarnings(row) };
  });

/** Reserves local parts in one domain, or frees them again. Those that are taken there stay who they are. */
export const reserveNames = (
  db: Db,
  author: Author,
  name: string,
  names: readonly string[],
  reserve: boolean,
): Promise<Changed<DomainView>> =>
  changing(db, async (tx) => {
    const domain = domainOf(name);
    const before = await readDomain(tx, domain);
    if (before === null) throw new Refusal("notFound", `${domain} is not one of our domains`, "To see them: mailroom domain list");
    const locals = names.map((local) => localPartOf(local, domain));
    const kept = before.reserved.filter((local) => !locals.includes(local));
    const reserved = (reserve ? [...kept, ...locals] : kept).toSorted();
    if (String(reserved) === String(before.reserved)) return { changed: false, before, after: before, warnings: [] };
    await nameAuthor(tx, author);
    await tx.query({ text: "update domains set reserved = $2 where domain = $1", values: [domain, reserved] });
    const after = await readDomain(tx, domain);
    await recordChange(tx, author, { action: `domain ${reserve ? "reserve" : "unreserve"}`, object: domain, before, after });
    return { changed: true, before, after, warnings: [] };
  });

function localPartOf(text: string, domain: string): string {
  const parsed = mailboxOfKey(`${text.toLowerCase()}@${domain}`);
  if (parsed.ok && !text.includes("@")) return parsed.mailbox.localPart;
  throw new Refusal("badData", `${quoted(text)} is no local part`, "Write what stands before the @, as in president.");
}

/** What stops working when a domain is no longer ours. */
export type DomainReach = {
  readonly domain: string;
  readonly entries: number;
  /** The first ten of them. */
  readonly examples: readonly string[];
  readonly alias_domains: readonly string[];
  /** Entries of other domains with a target here. */
  readonly pointed_at_by: number;
  readonly catch_all_of: readonly string[];
  readonly route: string | null;
};

/** What removing this domain would end. Refuses a domain that is not ours. */
export async function domainReach(tx: Queryable, name: string): Promise<DomainReach> {
  const domain = domainOf(name);
  if (!(await readDomain(tx, domain)))
    throw new Refusal("notFound", `${domain} is not one of our domains`, "To see them: mailroom domain list");
  const { rows } = await tx.query<DomainReach>({
    text: `select $1 as domain,
             (select count(*)::int from entries where domain = $1) as entries,
             array(select address from entries where domain = $1 order by address limit 10) as examples,
             array(select domain from domains where alias_of = $1 order by domain) as alias_domains,
             (select count(distinct t.address)::int from targets t join entries e using (address)
               where split_part(t.target, '@', -1) = $1 and e.domain <> $1) as pointed_at_by,
             array(select domain from domains where split_part(catch_all, '@', -1) = $1 and domain <> $1 order by domain) as catch_all_of,
             (select url from routes where domain = $1) as route`,
    values: [domain],
  });
  return rows[0] as DomainReach; // a select without FROM always has one row
}

/**
 * Makes a domain no longer ours. Refuses while it has entries or alias domains, unless forced: then its entries go with it (each
 * with its own change record) and its alias domains stand for themselves. A route of that name stays: mail may still be sent there.
 */
export const removeDomain = (db: Db, author: Author, name: string, force: boolean): Promise<DomainReach> =>
  changing(db, async (tx) => {
    const reach = await domainReach(tx, name);
    const before = await readDomain(tx, reach.domain);
    if (!force && reach.entries + reach.alias_domains.length > 0) {
      throw new Refusal("refused", `${reach.domain} still has ${inWords(reach)}`, "Remove them first, or remove all of it with --force.");
    }
    await tx.query({
      text: `insert into change_records (actor, action, object, why, before)
             select $2, 'entry delete with domain', e.address, $3, to_jsonb(e) || jsonb_build_object('targets',
                    array(select target from targets t where t.address = e.address order by target))
               from entries e where e.domain = $1 order by e.address`,
      values: [reach.domain, author.actor, author.why],
    });
    await nameAuthor(tx, author);
    // At once: a cascade would run the triggers for each entry.
    await tx.query({ text: "delete from targets t using entries e where e.address = t.address and e.domain = $1", values: [reach.domain] });
    await tx.query({ text: "delete from entries where domain = $1", values: [reach.domain] });
    await tx.query({ text: "update domains set alias_of = null where alias_of = $1", values: [reach.domain] });
    await tx.query({ text: "delete from domains where domain = $1", values: [reach.domain] });
    await recordChange(tx, author, { action: "domain remove", object: reach.domain, before: { ...before, ...reach }, after: null });
    return reach;
  });

/** `3 entries (a@d, b@d, c@d) and the alias domain e`. */
function inWords(reach: DomainReach): string {
  const entries =
    reach.entries > 0
      ? [`${counted(reach.entries, "entry", "entries")} (${reach.examples.slice(0, 3).join(", ")}${reach.entries > 3 ? ", …" : ""})`]
      : [];
  const aliases = reach.alias_domains.length > 0 ? [`the alias domains ${reach.alias_domains.join(", ")}`] : [];
  return [...entries, ...aliases].join(" and ");
}

/** All domains of ours in order of name. There are hundreds, not millions. */
export async function listDomains(db: Queryable): Promise<readonly DomainView[]> {
  const { rows } = await db.query<DomainView & { created_at: Date }>({ text: `select ${COLUMNS} from domains order by domain` });
  return rows.map((row) => ({ ...row, created_at: row.created_at.toISOString() }));
}

const COLUMNS = "domain, alias_of, catch_all, subaddressing, reserved, created_at";

async function readDomain(tx: Queryable, domain: string): Promise<DomainView | null> {
  const { rows } = await tx.query<DomainView & { created_at: Date }>({
    text: `select ${COLUMNS} from domains where domain = $1`,
    values: [domain],
  });
  return rows[0] ? { ...rows[0], created_at: rows[0].created_at.toISOString() } : null;
}

/** The domain another one shall mean: ours, another one, and not by a detour the same. */
async function mainDomain(tx: Queryable, domain: string, name: string | null): Promise<string | null> {
  if (name === null) return null;
  const main = domainOf(name);
  if (main !== domain && !(await domainsOfOurs(tx, [main])).has(main)) {
    throw new Refusal("refused", `${main} is not one of our domains`, `Make it ours first: mailroom domain add ${main}`);
  }
  const { rows } = await tx.query<{ domain: string; alias_of: string }>({
    text: "select domain, alias_of from domains where alias_of is not null",
  });
  const aliases = new Map(rows.map((row) => [row.domain, row.alias_of]));
  const path = [domain];
  for (let next: string | undefined = main; next !== undefined; next = aliases.get(next)) {
    path.push(next);
    if (next === domain) throw loopRefusal(path.join(" → "));
    if (path.length > MOST_ALIASES)
      throw new Refusal("refused", `domain aliases go through too many domains: ${path.join(" → ")}`, "Name the last one.");
  }
  return main;
}

/** Domains that are aliases of each other in a row. */
const MOST_ALIASES = 10;

/** Where mail for unknown addresses of a domain goes: somewhere that is not itself unknown. */
async function catchAllOf(tx: Queryable, domain: string, text: string | null): Promise<string | null> {
  if (text === null) return null;
  const [catchAll] = await targetsOf(tx, [text], "the catch-all");
  if (!catchAll) return null;
  if (catchAll.domain === domain && (await readEntry(tx, catchAll.key)) === null) {
    throw new Refusal(
      "refused",
      `the catch-all ${textOfKey(catchAll.key)} is itself unknown here`,
      `Make it first: mailroom alias set ${textOfKey(catchAll.key)} --to …`,
    );
  }
  return catchAll.key;
}

/** What addresses in this domain mean has changed: looks for loops through those that are somebody's target. */
async function refuseCircles(tx: Queryable, domain: string): Promise<void> {
  const { rows } = await tx.query<{ address: string }>({
    text: "select distinct address from targets where split_part(target, '@', -1) = $1",
    values: [domain],
  });
  const starts = rows.flatMap((row) => {
    const parsed = mailboxOfKey(row.address);
    return parsed.ok ? [parsed.mailbox] : [];
  });
  const [loop] = loopsThrough(await follow(asStored(tx), starts), (node) => node.mailbox.domain === domain).values();
  if (loop) throw loopRefusal(loop);
}

const domainWarnings = (row: { readonly alias_of: string | null; readonly catch_all: string | null }): readonly string[] =>
  row.alias_of !== null && row.catch_all !== null ? ["the catch-all has no effect while the domain is an alias of another"] : [];
