/** The link in the notice of new forwarding: whoever reads the mailbox where mail went before can take the change back for three days. */
import type { Queryable } from "../../db/client.ts";
import { type Mailbox, mailboxOfKey } from "../../mail/mailbox.ts";
import { type Author, holdDirectory, recordChange } from "../change.ts";
import { Refusal } from "../refusal.ts";
import { together } from "../rehearse.ts";
import type { ForwardingDeps } from "./ask.ts";
import { tokenHash } from "./codes.ts";
import { CAN_BE_UNDONE, formerLetterboxes } from "./confirm.ts";
import { leadTo } from "./lead.ts";
import { undoneLetter } from "./letters.ts";
import { describe } from "./own-address.ts";

export type Undoable = {
  readonly request_no: number;
  readonly address: string;
  readonly target: string;
  readonly principal: string;
  readonly before_targets: readonly string[];
};

const UNDOABLE = `select request_no::double precision as request_no, address, target, principal, before_targets from forwarding_requests
                   where undo_hash = $1 and ${CAN_BE_UNDONE}`;

/** Null: nothing that can be undone. */
export async function undoableOfLink(db: Queryable, token: string): Promise<Undoable | null> {
  const { rows } = await db.query<Undoable>({ text: UNDOABLE, values: [tokenHash(token)] });
  return rows[0] ?? null;
}

/**
 * Mail goes again where it went before that request, whatever was confirmed or asked for since: who has taken an account over must not get
 * round this by forwarding once more. Whoever is signed in as the person is signed out.
 */
export async function undoForwarding(deps: ForwardingDeps, author: Author, token: string): Promise<Undoable> {
  const { db, ownMail } = deps;
  const asked = await undoableOfLink(db, token);
  const mailbox = mailboxOfKey(asked?.address ?? "");
  if (asked === null || !mailbox.ok) throw new Refusal("notFound", "this link does not count any more");
  const own = await describe(deps, null, mailbox.mailbox);
  const before = mailboxesOf(asked.before_targets);
  const targets = before.length > 0 || own.isOwnMailbox ? before : own.campus;
  const again = await Promise.all(before.map((to) => ownMail.letterbox(to)));
  const told = new Map([...(await formerLetterboxes(deps, own)), ...again].flatMap((one) => (one === null ? [] : [[one.to.key, one]])));
  return together(db, async (on) => {
    await holdDirectory(on);
    const { rows } = await on.query<Undoable>({ text: `${UNDOABLE} for update`, values: [tokenHash(token)] });
    if (rows.length === 0) throw new Refusal("notFound", "this link does not count any more");
    await leadTo(on, author, own, targets);
    // The links of later changes too: one of them may have gone to whoever made the change that is undone.
    await on.query({
      text: `update forwarding_requests set ended_at = coalesce(ended_at, now()),
                    undone_at = case when confirmed_at is not null then coalesce(undone_at, now()) end
              where address = $2 and request_no >= $1`,
      values: [asked.request_no, asked.address],
    });
    await on.query({
      text: `update forwarding_requests set ended_at = null
              where request_no = (select replaces from forwarding_requests where request_no = $1) and target = any($2::text[])`,
      values: [asked.request_no, asked.before_targets],
    });
    await on.query({ text: "delete from panel_sessions where principal = $1", values: [asked.principal] });
    await recordChange(on, author, {
      action: "forwarding undo",
      object: asked.address,
      before: { targets: own.entry?.targets ?? [] },
      after: { targets: targets.map(({ key }) => key) },
    });
    await ownMail.send(
      on,
      [...told.values()].map((letterbox) => undoneLetter({ to: letterbox.to, recipients: letterbox.recipients }, asked.address)),
    );
    return asked;
  });
}

const mailboxesOf = (keys: readonly string[]): readonly Mailbox[] =>
  keys.flatMap((key) => {
    const read = mailboxOfKey(key);
    return read.ok ? [read.mailbox] : [];
  });
