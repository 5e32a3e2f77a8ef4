/** One change for many entries: all of them or none, in one transaction and a few statements, with a change record for each. */
import type { Db, Queryable } from "../db/client.ts";
import type { Disabled } from "../directory/directory.ts";
import { counted } from "../mail/counted.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { expiryOf, targetsOf } from "./address.ts";
import { ownerOf } from "./aliases.ts";
import { type Entries, type Selection, selectEntries } from "./bulk-selection.ts";
import { type Author, changing, nameAuthor, recordChange } from "./change.ts";
import { wordsOf } from "./disabled.ts";
import { Refusal } from "./refusal.ts";
import { refuseLoopsAmong, refuseOffCampusAmong } from "./rules.ts";
import { EVERYTHING, type Scope } from "./scope.ts";

/** What is to be done to each. `owner` and `expires` null: nobody, never. */
export type BulkAction =
  | { readonly kind: "disable"; readonly answer: Disabled["answer"]; readonly text?: string | undefined }
  | { readonly kind: "enable" }
  | { readonly kind: "owner"; readonly owner: string | null }
  | { readonly kind: "expiry"; readonly expires: string | null }
  | { readonly kind: "replace"; readonly from: string; readonly to: string }
  | { readonly kind: "delete" };

export type BulkResult = {
  /** False: all of them were so already. */
  readonly changed: boolean;
  readonly matched: number;
  readonly done: number;
  readonly warnings: readonly string[];
};

/**
 * Does one thing to all entries of a selection. Refuses more than 5,000, a selection whose count is not the one expected (somebody changed
 * the directory since it was looked at), what lies outside of the scope as if it did not exist, and what the single action would refuse of any of them. What is so already stays untouched.
 */
export const bulkChange = (
  db: Db,
  author: Author,
  selection: Selection,
  action: BulkAction,
  scope: Scope = EVERYTHING,
): Promise<BulkResult> =>
  changing(db, async (tx) => {
    const { addresses } = await selectEntries(tx, selection, scope);
    await nameAuthor(tx, author);
    const done = await STEPS[action.kind](tx, author, addresses, action as never);
    if (done > 0)
      await recordChange(tx, author, {
        action: `bulk ${action.kind}`,
        object: counted(done, "entry", "entries"),
        before: null,
        after: { ...action, matched: addresses.length, done },
      });
    const warnings = action.kind === "delete" ? await stillTargets(tx, addresses) : [];
    return { changed: done > 0, matched: addresses.length, done, warnings };
  });

type Step<Kind extends BulkAction["kind"]> = (
  tx: Queryable,
  author: Author,
  addresses: Entries,
  action: Extract<BulkAction, { kind: Kind }>,
) => Promise<number>;

const STEPS: { readonly [Kind in BulkAction["kind"]]: Step<Kind> } = {
  disable: async (tx, author, addresses, { answer, text }) => {
    if (answer !== "text" && text !== undefined)
      throw new Refusal("badData", `the answer ${answer} has words of its own`, "To have yours said: answer text.");
    const postmaster = addresses.find((address) => address.startsWith("postmaster@"));
    if (postmaster !== undefined) throw new Refusal("refused", `${postmaster} must take mail (RFC 5321 §4.5.1)`, "Leave it out.");
    const words = answer === "text" ? wordsOf(text) : null;
    return setColumns(tx, author, "disable", addresses, { disabled: answer, disabled_text: words, moved_to: null, moved_delivers: false });
  },
  enable: (tx, author, addresses) =>
    setColumns(tx, author, "enable", addresses, { disabled: null, disabled_text: null, moved_to: null, moved_delivers: false }),
  owner: async (tx, author, addresses, { owner }) =>
    setColumns(tx, author, "owner", addresses, { owner: (await ownerOf(tx, owner))?.key ?? null }),
  expiry: async (tx, author, addresses, { expires }) => {
    const expiresAt = expires === null ? null : expiryOf(expires, new Date()).toISOString();
    const { rows } = await tx.query<{ address: string }>({
      text: "select address from entries where address = any($1) and starts_at >= $2::timestamptz order by 1 limit 1",
      values: [addresses, expiresAt],
    });
    if (rows[0] !== undefined)
      throw new Refusal("badData", `${rows[0].address} would start when it has expired`, "Name a later date, or leave it out.");
    return setColumns(tx, author, "expiry", addresses, { expires_at: expiresAt });
  },
  replace: replaceTarget,
  delete: deleteEntries,
};

const TYPES: Readonly<Record<string, string>> = { expires_at: "timestamptz", moved_delivers: "boolean" };

/** Gives the columns these values wherever one of them is another; the record names those columns only. */
async function setColumns(
  tx: Queryable,
  author: Author,
  word: string,
  addresses: Entries,
  values: Readonly<Record<string, string | boolean | null>>,
): Promise<number> {
  const names = Object.keys(values);
  const wanted = names.map((name, i) => `$${i + 5}::${TYPES[name] ?? "text"}`);
  const json = (of: readonly string[]) => `jsonb_build_object(${names.map((name, i) => `'${name}', ${of[i]}`).join(", ")})`;
  const { rowCount } = await tx.query({
    text: `with differing as (select e.address, ${json(names.map((name) => `e.${name}`))} as before from entries e
                               where e.address = any($1) and (${names.join(", ")}) is distinct from (${wanted.join(", ")})),
                recorded as (insert into change_records (actor, action, object, why, before, after)
                             select $2, $3, address, $4, before, ${json(wanted)} from differing order by address)
           update entries e set ${names.map((name, i) => `${name} = ${wanted[i]}`).join(", ")}, changed_at = now(), version = version + 1
             from differing d where d.address = e.address`,
    values: [addresses, author.actor, `bulk ${word}`, author.why, ...Object.values(values)],
  });
  return rowCount;
}

/** Where one target stands another stands from now on, with its dates; who had both has it once. */
async function replaceTarget(
  tx: Queryable,
  author: Author,
  addresses: Entries,
  action: Extract<BulkAction, { kind: "replace" }>,
): Promise<number> {
  const [from, to] = [await oneTarget(tx, action.from), await oneTarget(tx, action.to)];
  if (from.key === to.key) throw new Refusal("badData", `${from.key} is the same as ${to.key}`, "Name two targets.");
  const { rows } = await tx.query<{ address: string }>({
    text: `insert into change_records (actor, action, object, why, before, after)
           select $2, 'bulk replace', address, $3, jsonb_build_object('targets', array[$4::text]), jsonb_build_object('targets', array[$5::text])
             from targets where address = any($1) and target = $4 order by address returning object as address`,
    values: [addresses, author.actor, author.why, from.key, to.key],
  });
  const changed = rows.map(({ address }) => address);
  if (changed.length === 0) return 0;
  await tx.query({
    text: `update targets t set target = $3 where address = any($1) and target = $2
              and not exists (select from targets o where o.address = t.address and o.target = $3)`,
    values: [changed, from.key, to.key],
  });
  await tx.query({ text: "delete from targets where address = any($1) and target = $2", values: [changed, from.key] });
  await tx.query({ text: "update entries set changed_at = now(), version = version + 1 where address = any($1)", values: [changed] });
  await refuseOffCampusAmong(tx, changed);
  await refuseLoopsAmong(tx, new Set(changed), new Set());
  return changed.length;
}

async function oneTarget(tx: Queryable, text: string): Promise<Mailbox> {
  const [target] = await targetsOf(tx, [text], "the target");
  if (target === undefined) throw new Error("a target without a mailbox");
  return target;
}

async function deleteEntries(tx: Queryable, author: Author, addresses: Entries): Promise<number> {
  const { rowCount } = await tx.query({
    text: `insert into change_records (actor, action, object, why, before)
           select $2, 'bulk delete', e.address, $3, to_jsonb(e) || jsonb_build_object('targets',
                  array(select target from targets t where t.address = e.address order by target))
             from entries e where e.address = any($1) order by e.address`,
    values: [addresses, author.actor, author.why],
  });
  await tx.query({ text: "delete from targets where address = any($1)", values: [addresses] }); // at once: a cascade runs the triggers for each entry
  await tx.query({ text: "delete from entries where address = any($1)", values: [addresses] });
  return rowCount;
}

async function stillTargets(tx: Queryable, addresses: Entries): Promise<readonly string[]> {
  const { rows } = await tx.query<{ first: string | null; n: number }>({
    text: "select min(address) as first, count(distinct address)::int as n from targets where target = any($1)",
    values: [addresses],
  });
  const { first = null, n = 0 } = rows[0] ?? {};
  return n === 0 ? [] : [`what is deleted is still a target of ${first}${n > 1 ? ` and ${n - 1} more` : ""}: a dead end there now`];
}
