/** Asking for forwarding: every rule first, then one mail with a code to the target. Nothing is forwarded yet. */
import type { Db } from "../../db/client.ts";
import { sharedSecret } from "../../db/secrets.ts";
import type { Mailbox } from "../../mail/mailbox.ts";
import { domainsOfOurs, targetsOf } from "../address.ts";
import { type Author, changing, recordChange } from "../change.ts";
import { Refusal } from "../refusal.ts";
import { rehearse } from "../rehearse.ts";
import { CODE_SECRET, codeHash, newCode, newToken, tokenHash } from "./codes.ts";
import { leadTo } from "./lead.ts";
import { codeLetter } from "./letters.ts";
import { countedTarget, refuseTooMany } from "./limits.ts";
import { type OwnAddress, type OwnAddressDeps, ownAddress, ownMailboxes } from "./own-address.ts";
import type { Letterbox, OwnMail } from "./own-mail.ts";

export type ForwardingDeps = OwnAddressDeps & { readonly db: Db; readonly ownMail: OwnMail; readonly publicUrl: string | null };

/** Who asks, and for which of their addresses (undefined: the main one). */
export type Asked = {
  readonly principal: string;
  readonly owners: readonly string[];
  readonly address?: string | undefined;
  readonly target: string;
  readonly keepCopy: boolean;
};

/** What passed every rule, and may be mailed. */
export type Askable = {
  readonly principal: string;
  readonly own: OwnAddress;
  readonly target: Mailbox;
  readonly keepCopy: boolean;
  readonly letterbox: Letterbox;
  readonly secret: Buffer;
};

/** Checks all that can be checked before a transaction begins. Rejects with Refusal or TooMany; nobody was mailed then. */
export async function checkForwarding(deps: ForwardingDeps, author: Author, asked: Asked): Promise<Askable> {
  const { db } = deps;
  const { principal, owners, keepCopy } = asked;
  const [target] = await targetsOf(db, [asked.target], "the mailbox");
  if (target === undefined) throw new Error("one text is one mailbox");
  await refuseTooMany(db, principal, target);
  const own = await ownAddress(deps, owners, asked.address);
  if (keepCopy && own.campus.length === 0)
    throw new Refusal(
      "refused",
      own.isOwnMailbox ? "your campus mailbox has the same address: no copy can be kept" : "you have no campus mailbox to keep a copy in",
      "Forward without a copy.",
    );
  await refuseOwn(deps, owners, own, target);
  await rehearse(db, (on) => leadTo(on, author, own, targetsWith(own, target, keepCopy))).catch((error: unknown) => {
    throw inPlainWords(error, own);
  });
  await refuseOurs(deps, target);
  const letterbox = await deps.ownMail.letterbox(target);
  if (letterbox === null)
    throw new Refusal("refused", `mail for ${target.key} leads nowhere`, "Look whether it is written as it should be.");
  return { principal, own, target, keepCopy, letterbox, secret: await sharedSecret(db, CODE_SECRET) };
}

export const targetsWith = ({ campus }: OwnAddress, target: Mailbox, keepCopy: boolean): readonly Mailbox[] =>
  keepCopy ? [target, ...campus] : [target];

/** The rules speak to admins; here somebody reads them who is none. */
function inPlainWords(error: unknown, { affiliation }: OwnAddress): unknown {
  if (!(error instanceof Refusal) || error.rule !== "policy-external") return error;
  return new Refusal(
    "refused",
    `Mail of ${affiliation} may not be forwarded outside campus.`,
    "Choose a mailbox on campus. If you need an exception, write to the mail administration.",
    "policy-external",
  );
}

/** Mail that comes back to the person is a loop or nothing new. */
async function refuseOwn({ db }: ForwardingDeps, owners: readonly string[], own: OwnAddress, target: Mailbox): Promise<void> {
  const theirs = await ownMailboxes(db, owners);
  if (target.key === own.mailbox.key)
    throw new Refusal(
      "refused",
      `this would make a loop: ${target.key} → ${target.key}`,
      "Forward to a mailbox that you have elsewhere.",
      "alias-loop",
    );
  if (theirs.some(({ key }) => key === target.key) || own.campus.some(({ key }) => key === target.key))
    throw new Refusal(
      "refused",
      `${target.key} is yours: mail for it reaches you already`,
      "Forward to a mailbox that you have elsewhere.",
    );
}

/** An address of ours is no mailbox: it leads to one, and who has it can be given an alias, which needs no code. */
async function refuseOurs({ db }: ForwardingDeps, target: Mailbox): Promise<void> {
  if (!(await domainsOfOurs(db, [target.domain])).has(target.domain)) return;
  throw new Refusal(
    "refused",
    `${target.key} is an address here, so an alias does this better than forwarding`,
    `Ask the mail administration for an alias that leads to ${target.key}; or forward to a mailbox elsewhere.`,
  );
}

/** What waits for its code now. */
export type Waiting = { readonly address: string; readonly target: string; readonly ends_at: string };

/** Writes the request and queues the mail, in one transaction. An earlier request for the address counts no more. */
export const askForwarding = (db: Db, deps: ForwardingDeps, author: Author, askable: Askable): Promise<Waiting> =>
  changing(db, async (tx) => {
    const { principal, own, target, keepCopy, letterbox, secret } = askable;
    const address = own.mailbox.key;
    await refuseTooMany(tx, principal, target);
    await tx.query({
      text: "update forwarding_requests set ended_at = now() where address = $1 and confirmed_at is null and ended_at is null",
      values: [address],
    });
    const { rows } = await tx.query<{ request_no: number; ends_at: Date }>({
      text: `select nextval('forwarding_requests_request_no_seq')::double precision as request_no, now() + interval '24 hours' as ends_at`,
    });
    const [made] = rows;
    if (made === undefined) throw new Error("a sequence without a number");
    const [code, token] = [newCode(), newToken()];
    await tx.query({
      text: `insert into forwarding_requests (request_no, principal, address, target, counted_target, keep_copy, code_hash, link_hash, ends_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
      values: [
        made.request_no,
        principal,
        address,
        target.key,
        countedTarget(target),
        keepCopy,
        codeHash(secret, made.request_no, code),
        tokenHash(token),
        made.ends_at,
      ],
    });
    await deps.ownMail.send(tx, [codeLetter(letterbox, { address, code, token, endsAt: made.ends_at }, deps.publicUrl)]);
    const after = { target: target.key, keep_copy: keepCopy };
    await recordChange(tx, author, { action: "forwarding ask", object: address, before: null, after });
    return { address, target: target.key, ends_at: made.ends_at.toISOString() };
  });
