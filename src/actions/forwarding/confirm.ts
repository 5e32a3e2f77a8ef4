/** Confirming forwarding, by the code or the link that went to the target; from then on it works, and where mail went before is told. */
import type { Db, Queryable } from "../../db/client.ts";
import { sharedSecret } from "../../db/secrets.ts";
import { type Mailbox, mailboxOfKey } from "../../mail/mailbox.ts";
import { type Author, type Changed, changing } from "../change.ts";
import type { EntryView } from "../entries.ts";
import { Refusal } from "../refusal.ts";
import { together } from "../rehearse.ts";
import { type ForwardingDeps, targetsWith } from "./ask.ts";
import { CODE_SECRET, isCode, newToken, tokenHash } from "./codes.ts";
import { leadTo } from "./lead.ts";
import { changedLetter } from "./letters.ts";
import { describe, forwardedTo, type OwnAddress, ownAddress } from "./own-address.ts";
import type { Letterbox } from "./own-mail.ts";

/** Wrong codes after which a request counts no more: one guess in 200,000. */
export const WRONG_CODES = 5;
const UNDO_HOURS = 72;
/** Former targets that are told. */
const TOLD = 5;

/** `none`: nothing waits for a code. `wrong`: so many tries are left; none: the code and the link are void. */
export type CodeAnswer =
  | { readonly kind: "none" }
  | { readonly kind: "wrong"; readonly left: number }
  | { readonly kind: "right"; readonly requestNo: number };

type Row = {
  readonly request_no: number;
  readonly principal: string;
  readonly address: string;
  readonly target: string;
  readonly keep_copy: boolean;
  readonly code_hash: Buffer;
  readonly wrong_codes: number;
};
const ROW = "request_no::double precision as request_no, principal, address, target, keep_copy, code_hash, wrong_codes";
const IS_WAITING = "confirmed_at is null and ended_at is null and ends_at > now()";

/**
 * Looks at a code, one try after the other: the row is locked, so that guesses side by side are counted each. A wrong one is written down and
 * committed whatever becomes of the request, so this runs in a transaction of its own and is never rehearsed.
 */
export const checkCode = async (db: Db, owners: readonly string[], address: string, code: string): Promise<CodeAnswer> => {
  const secret = await sharedSecret(db, CODE_SECRET);
  return db.transaction(async (tx) => {
    const { rows } = await tx.query<Row>({
      text: `select ${ROW} from forwarding_requests where address = $1 and address = any($2::text[]) and ${IS_WAITING} for update`,
      values: [address, owners],
    });
    const [row] = rows;
    if (row === undefined) return { kind: "none" };
    if (isCode(secret, row.request_no, row.code_hash, code)) return { kind: "right", requestNo: row.request_no };
    const left = WRONG_CODES - row.wrong_codes - 1;
    await tx.query({
      text: "update forwarding_requests set wrong_codes = wrong_codes + 1, ended_at = case when $2 then now() end where request_no = $1",
      values: [row.request_no, left <= 0],
    });
    return { kind: "wrong", left: Math.max(0, left) };
  });
};

/** What a link in a mail stands for; null: nothing that waits. */
export async function requestOfLink(
  db: Queryable,
  token: string,
): Promise<{ readonly requestNo: number; readonly address: string; readonly target: string; readonly principal: string } | null> {
  const { rows } = await db.query<Row>({
    text: `select ${ROW} from forwarding_requests where link_hash = $1 and ${IS_WAITING}`,
    values: [tokenHash(token)],
  });
  const [row] = rows;
  return row === undefined ? null : { requestNo: row.request_no, address: row.address, target: row.target, principal: row.principal };
}

/** What is needed to switch a request on and to tell of it, found out before the transaction. */
export type Confirmable = {
  readonly requestNo: number;
  readonly own: OwnAddress;
  readonly told: readonly (Letterbox & { readonly isCampus: boolean })[];
};

/** `owners` null: whoever holds the link acts for the person. */
export async function prepareConfirmation(
  deps: ForwardingDeps,
  requestNo: number,
  owners: readonly string[] | null,
  address: string,
): Promise<Confirmable> {
  const mailbox = mailboxOfKey(address);
  if (!mailbox.ok) throw new Error(`a request for ${address}, which is no address`);
  const own = owners === null ? await describe(deps, null, mailbox.mailbox) : await ownAddress(deps, owners, address);
  return { requestNo, own, told: await formerLetterboxes(deps, own) };
}

/** The campus mailbox, and where mail is forwarded now. What leads nowhere cannot be told, and is no reason to change nothing. */
export async function formerLetterboxes(
  { ownMail }: ForwardingDeps,
  own: OwnAddress,
): Promise<readonly (Letterbox & { readonly isCampus: boolean })[]> {
  const former = forwardedTo(own)
    .slice(0, TOLD)
    .flatMap((key): Mailbox[] => {
      const read = mailboxOfKey(key);
      return read.ok ? [read.mailbox] : [];
    });
  const campus = own.isOwnMailbox && own.entry === null ? [own.mailbox, ...own.campus] : own.campus;
  const all = [...campus.map((to) => ({ to, isCampus: true })), ...former.map((to) => ({ to, isCampus: false }))];
  const told = await Promise.all(
    all.map(async ({ to, isCampus }) => {
      const letterbox = await ownMail.letterbox(to);
      return letterbox === null ? [] : [{ ...letterbox, isCampus }];
    }),
  );
  return told.flat();
}

/** Forwards from now on: entry, request, change record and notices are one transaction. */
export const confirmForwarding = (
  db: Db,
  deps: ForwardingDeps,
  author: Author,
  { requestNo, own, told }: Confirmable,
): Promise<Changed<EntryView>> =>
  together(db, async (on) => {
    const row = await changing(on, (tx) => lockWaiting(tx, requestNo));
    const target = mailboxOfKey(row.target);
    if (!target.ok) throw new Error(`a request to ${row.target}, which is no address`);
    const changed = await leadTo(on, author, own, targetsWith(own, target.mailbox, row.keep_copy));
    const token = newToken();
    const former = await on.query<{ request_no: number }>({
      text: `update forwarding_requests set ended_at = now() where address = $1 and confirmed_at is not null and ended_at is null
             returning request_no::double precision as request_no`,
      values: [row.address],
    });
    await on.query({
      text: `update forwarding_requests set confirmed_at = now(), before_targets = $2::text[], undo_hash = $3, replaces = $4
              where request_no = $1`,
      values: [requestNo, own.entry?.targets ?? [], tokenHash(token), former.rows[0]?.request_no ?? null],
    });
    const undoUntil = new Date(Date.now() + UNDO_HOURS * 3_600_000);
    const forwarded = { address: row.address, target: row.target, keepCopy: row.keep_copy, token, undoUntil };
    const others = told.filter(({ to }) => to.key !== row.target);
    await deps.ownMail.send(
      on,
      others.map(({ isCampus, ...letterbox }) => changedLetter(letterbox, isCampus, forwarded, deps.publicUrl)),
    );
    return changed;
  });

async function lockWaiting(tx: Queryable, requestNo: number): Promise<Row> {
  const { rows } = await tx.query<Row>({
    text: `select ${ROW} from forwarding_requests where request_no = $1 and ${IS_WAITING} for update`,
    values: [requestNo],
  });
  const [row] = rows;
  if (row !== undefined) return row;
  throw new Refusal("notFound", "this code does not count any more", "Ask for a new one.");
}

/** The condition on a confirmed request that can be undone still. */
export const CAN_BE_UNDONE = `undone_at is null and confirmed_at > now() - interval '${UNDO_HOURS} hours'`;
