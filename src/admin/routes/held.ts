/** Posts to a list that wait for its owner: read, let through, sent back. What they are about only an owner and a superadmin read. */
import type { Context } from "hono";
import { z } from "zod";
import { changeOfThis } from "../../actions/change.ts";
import { approveHeld, type Decided, type Reject, rejectHeld } from "../../actions/held.ts";
import { recordLook } from "../../actions/looks.ts";
import { plainLine } from "../../actions/plain-line.ts";
import { Refusal } from "../../actions/refusal.ts";
import { type MessageId, parseQueueId } from "../../mail/queue-id.ts";
import { waitingPosts } from "../../queue/held-posts.ts";
import { type AdminDeps, authorOf, carryOut, isDryRun, type PanelEnv, panel, principalOf } from "../context.ts";
import { may } from "../guard.ts";
import { addressParam, addressText, dryRun, input, line } from "../input.ts";
import { listInSight } from "./lists.ts";

const post = z.strictObject({ address: addressText, queue_id: z.string().min(1).max(12) });
/** `why`: what the sender reads. */
const refusal = z.strictObject({ why: line.optional() });
/** More wait only when somebody floods a list; then the rest follows what is decided. */
const SHOWN = 200;

export function heldRoutes({ db, withReturning }: AdminDeps) {
  return panel
    .createApp()
    .get("/:address/held", may("held.see"), input("param", addressParam), async (c) => {
      const { address, owner } = await listInSight(db, c.get("scope"), c.req.valid("param").address);
      const waiting = await waitingPosts(db, { ids: null, list: address });
      const subjects = maySeeSubjects(c, owner);
      if (subjects && waiting.length > 0) await recordLook(db, authorOf(c), "held.read", address);
      const items = waiting.slice(0, SHOWN).map((held) => ({
        queue_id: held.queueId,
        from: held.from,
        subject: subjects ? held.subject : null,
        reason: held.reason,
        held_at: held.heldAt.toISOString(),
        copies: held.copies,
        size: held.size,
      }));
      return c.json({ items, total: waiting.length, subjects_shown: subjects }, 200);
    })
    .post("/:address/held/:queue_id/approve", may("held.decide"), input("param", post), input("query", dryRun), async (c) => {
      const { address, queue_id } = c.req.valid("param");
      const done = await carryOut(c, db, async (on, author) => {
        const list = await listInSight(on, c.get("scope"), address);
        return oneOf(await approveHeld(on, author, { ids: [idOf(queue_id)], list: list.address }), queue_id);
      });
      return c.json(decided(c, done.result, done.change_no), 200);
    })
    .post(
      "/:address/held/:queue_id/reject",
      may("held.decide"),
      input("param", post),
      input("query", dryRun),
      input("json", refusal),
      async (c) => {
        const { address, queue_id } = c.req.valid("param");
        const list = await listInSight(db, c.get("scope"), address);
        const selection = { ids: [idOf(queue_id)], list: list.address };
        const { why } = c.req.valid("json");
        const author = { ...authorOf(c), why: why === undefined || why.trim() === "" ? null : plainLine(why.trim(), "the reason") };
        if (isDryRun(c)) {
          const waiting = await waitingPosts(db, selection);
          return c.json(decided(c, oneOf(waiting, queue_id), null), 200);
        }
        let change_no: number | null = null;
        const ended = await withReturning((deps) => {
          const reject: Reject = (chosen, reason, by, also) =>
            deps.reject(chosen, reason, by, async (tx, posts) => {
              await also(tx, posts);
              change_no = await changeOfThis(tx);
            });
          return rejectHeld(author, selection, reject);
        });
        return c.json(decided(c, oneOf(ended, queue_id), change_no), 200);
      },
    );
}

/** FEATURES: a subject is private. A department's admin decides by sender and reason. */
function maySeeSubjects(c: Context<PanelEnv>, owner: string | null): boolean {
  const { addresses } = principalOf(c);
  return c.get("scope").everything || (owner !== null && addresses.includes(owner));
}

function idOf(text: string): MessageId {
  const id = parseQueueId(text);
  if (id === null) throw goneBy(text);
  return id;
}

const goneBy = (id: string): Refusal =>
  new Refusal("notFound", `no post ${id} waits for this list any more`, "Somebody may have decided already: read the list again.");

function oneOf<Post extends Decided>(posts: readonly Post[], id: string): Post {
  const [first] = posts;
  if (first === undefined) throw goneBy(id);
  return first;
}

const decided = (c: Context, { queueId, list, copies }: Decided, change_no: number | null) => ({
  changed: true,
  warnings: [] as string[],
  queue_id: queueId,
  list,
  copies,
  change_no,
  dry_run: isDryRun(c),
});
