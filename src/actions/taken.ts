/** Whether a new address may have its name: nobody may have held it before, it is promised to nobody, and it should look like no other. */
import type { Queryable } from "../db/client.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { Author } from "./change.ts";
import { Refusal } from "./refusal.ts";
import { isReserved } from "./reserved.ts";

/** What whoever makes an address takes on: a reserved name, one that somebody held before. `strict`: none that looks like another. */
export type Allowed = { readonly reserved?: boolean; readonly reuse?: boolean; readonly strict?: boolean };

/** Refuses a name that may not be taken. Gives warnings of names it could be mistaken for, or refuses those too (`strict`). */
export async function refuseTaken(tx: Queryable, author: Author, address: Mailbox, allow: Allowed): Promise<readonly string[]> {
  if (allow.reserved !== true && (isReserved(address) || (await isReservedHere(tx, address))))
    throw new Refusal(
      "refused",
      `${address.localPart}@ is a reserved name (RFC 2142, or of this domain): who writes there expects those who run it`,
      "If it is meant for them, say --role; if you know better, --reserved-ok.",
      "name-reserved",
    );
  await refuseReuse(tx, author, address.key, allow.reuse === true);
  const similar = await lookAlikes(tx, address.key);
  if (similar.length > 0 && allow.strict === true)
    throw new Refusal("refused", `${address.key} ${similar.join("; ")}`, "Choose another name, or leave --strict out.");
  return similar.map((text) => `${address.key} ${text}`);
}

async function isReservedHere(tx: Queryable, { localPart, domain }: Mailbox): Promise<boolean> {
  const { rows } = await tx.query({ text: "select from domains where domain = $1 and $2 = any(reserved)", values: [domain, localPart] });
  return rows.length > 0;
}

async function refuseReuse(tx: Queryable, author: Author, key: string, reuse: boolean): Promise<void> {
  const { rows } = await tx.query<Tombstone>({
    text: "select owner, targets, held_from, buried_at, buried_by, why from tombstones where address = $1 order by buried_at desc limit 1",
    values: [key],
  });
  const [tombstone] = rows;
  if (tombstone === undefined) return;
  if (!reuse)
    throw new Refusal("refused", `${key} was ${heldBy(tombstone)}: its mail would go to somebody else now`, REUSE, "address-retired");
  if ((author.why ?? "").trim() === "") throw new Refusal("badData", "--reuse needs a reason", "Give it with --why.");
}

const REUSE = "Choose another name. If it must be this one: --reuse --why REASON, which is kept.";

type Tombstone = {
  readonly owner: string | null;
  readonly targets: readonly string[];
  readonly held_from: Date;
  readonly buried_at: Date;
  readonly buried_by: string;
  readonly why: string | null;
};

function heldBy({ owner, targets, held_from, buried_at, buried_by, why }: Tombstone): string {
  const holder = owner ?? (targets.length === 0 ? "nobody known" : targets.slice(0, 3).join(", "));
  return `held by ${holder} from ${day(held_from)} to ${day(buried_at)} (deleted by ${buried_by}${why === null ? "" : `: ${why}`})`;
}

const day = (moment: Date): string => moment.toISOString().slice(0, 10);

/** Names named at most; more of the same shape say nothing new. */
const NAMED = 3;

/** Addresses of the same domain, live and dead, that people would take for this one: case, dots, dashes, 0 for o and 1 for l do not count. */
async function lookAlikes(tx: Queryable, key: string): Promise<readonly string[]> {
  const { rows } = await tx.query<{ address: string; owner: string | null; until: Date | null }>({
    text: `select address, owner, null::timestamptz as until from entries where name_skeleton(address) = name_skeleton($1) and address <> $1
           union all
           (select distinct on (address) address, owner, buried_at from tombstones t
             where name_skeleton(address) = name_skeleton($1) and address <> $1
               and not exists (select from entries e where e.address = t.address) order by address, buried_at desc)
            order by 1 limit $2`,
    values: [key, NAMED],
  });
  return rows.map(({ address, owner, until }) =>
    until === null
      ? `looks like ${address}${owner === null ? "" : `, whose owner is ${owner}`}`
      : `looks like ${address}, which was ${owner === null ? "deleted" : `${owner}'s`} until ${day(until)}`,
  );
}
