/** What an admin does with waiting mail: each with its change record, in the same transaction. */
import type { Db, Queryable } from "../db/client.ts";
import { relayLines } from "../db/relayed-lines.ts";
import { steeredLine } from "../log/maillog.ts";
import { mailboxText } from "../mail/mailbox.ts";
import { queueIdOf } from "../mail/queue-id.ts";
import { reply } from "../mail/reply.ts";
import type { ClaimedMessage, Settlement } from "../queue/claim.ts";
import type { Selection } from "../queue/selection.ts";
import { countSelected, hold, release, remove, retry, type Steered, type SteeredBy, type SteeredRecipient } from "../queue/steer.ts";
import { type Author, recordChange } from "./change.ts";
import { Refusal } from "./refusal.ts";

/** How many recipients the author was told of: another number refuses the whole. Not given: however many there are. */
type ExpectedCount = number | undefined;

/** Tries the selected recipients again at once. */
export const retryQueued = (db: Db, author: Author, selection: Selection, expected?: ExpectedCount): Promise<Steered> =>
  steering(db, author, "queue.retry", selection, expected, (tx) => retry(tx, selection));

/** Keeps them until somebody releases them. */
export const holdQueued = (db: Db, author: Author, selection: Selection, expected?: ExpectedCount): Promise<Steered> =>
  steering(db, author, "queue.hold", selection, expected, (tx) => hold(tx, selection, author.why ?? `held by ${author.actor}`));

/** Ends holding and quarantine. */
export const releaseQueued = (db: Db, author: Author, selection: Selection, expected?: ExpectedCount): Promise<Steered> =>
  steering(db, author, "queue.release", selection, expected, (tx) => release(tx, selection));

/** Ends them without telling anybody. */
export const deleteQueued = (db: Db, author: Author, selection: Selection, expected?: ExpectedCount): Promise<Steered> =>
  steering(db, author, "queue.delete", selection, expected, (tx) => remove(tx, selection));

/** How many recipients an action would meet. More than `atMost` are refused: a page that waits for an answer is no place for them. */
export async function countQueued(db: Queryable, selection: Selection, atMost: number): Promise<number> {
  const matched = await countSelected(db, selection, atMost);
  if (matched <= atMost) return matched;
  throw new Refusal(
    "refused",
    `these are more than ${atMost} recipients, which is too many for one request`,
    "Choose fewer, or use the command line on the server: mailroom queue --help",
  );
}

function mustBe(expected: ExpectedCount, matched: number): void {
  if (expected === undefined || expected === matched) return;
  throw new Refusal(
    "refused",
    `it was confirmed for ${expected} recipients, and now it would be ${matched}: nothing was done`,
    "Look again, and confirm the number there is now.",
    "count-changed",
  );
}

async function steering(
  db: Db,
  author: Author,
  action: string,
  selection: Selection,
  expected: ExpectedCount,
  work: (tx: Queryable) => Promise<SteeredBy>,
): Promise<Steered> {
  return db.transaction(async (tx) => {
    const { recipients, ...steered } = await work(tx);
    mustBe(expected, steered.matched);
    if (steered.done > 0) await recordChange(tx, author, { action, object: objectOf(selection), before: null, after: steered });
    await tell(tx, author, action, recipients, steered.done);
    return steered;
  });
}

/** One line for each recipient in the servers' log; of very many the rest is counted. */
async function tell(tx: Queryable, author: Author, action: string, recipients: readonly SteeredRecipient[], done: number): Promise<void> {
  const verb = action.replace("queue.", "");
  const lines = recipients.map((each) => steeredLine(each, verb, author.actor, author.why));
  await relayLines(tx, lines);
  if (done <= recipients.length) return;
  const text = `${done - recipients.length} more recipients, action=${verb}, by=<${author.actor}> (${author.why ?? "no reason given"})`;
  await relayLines(tx, [{ program: "qmgr", text, fields: { event: verb } }]);
}

const objectOf = (selection: Selection): string => {
  switch (selection.kind) {
    case "ids":
      return selection.ids.map(queueIdOf).join(" ");
    case "reason":
      return `reason ${selection.reason}`;
    case "group":
      return `group ${[selection.group.state, selection.group.party, selection.group.status, selection.group.shape].filter(Boolean).join(" ")}`;
    case "all":
      return "all";
  }
};

export type ReturnDeps = {
  /** Claims up to a batch of the selected recipients; an empty answer ends the work. */
  readonly claim: (selection: Selection) => Promise<ClaimedMessage[]>;
  /** Settles them, with a DSN where one is due. */
  readonly settle: (settlements: readonly Settlement[]) => Promise<void>;
};

/** Ends the selected recipients with a DSN to their senders. Returns how many were returned. `expected`: as they are counted before the first. */
export async function returnQueued(
  db: Db,
  author: Author,
  selection: Selection,
  deps: ReturnDeps,
  expected?: ExpectedCount,
): Promise<number> {
  if (expected !== undefined) mustBe(expected, await countSelected(db, selection, expected));
  let returned = 0;
  for (let messages = await deps.claim(selection); messages.length > 0; messages = await deps.claim(selection)) {
    const settlements = messages.flatMap(returnedSettlements);
    await tell(db, author, "queue.return", settlements.map(steeredOf), settlements.length);
    await deps.settle(settlements);
    returned += settlements.length;
  }
  if (returned > 0)
    await recordChange(db, author, { action: "queue.return", object: objectOf(selection), before: null, after: { returned } });
  return returned;
}

const RETURNED = reply(554, "5.7.0", "Returned to the sender by the postmaster");

const steeredOf = ({ message, recipient }: Settlement): SteeredRecipient => ({
  queueId: message.queueId,
  to: mailboxText(recipient.finalRecipient),
  origTo: recipient.originalRecipient,
});

const returnedSettlements = (message: ClaimedMessage): Settlement[] =>
  message.recipients.map((recipient) => ({
    message,
    recipient,
    verdict: { kind: "failed", scope: "recipient", reply: RETURNED, relay: null },
    delays: [0, 0, 0, 0],
  }));
