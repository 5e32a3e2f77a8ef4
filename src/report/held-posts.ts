/** Tells senders and owners of posts that wait, and of what became of them. A decision and its notice are one commit. */
import type { Queryable } from "../db/client.ts";
import type { Log } from "../log/log.ts";
import type { Maillog } from "../log/maillog.ts";
import { type Mailbox, mailboxOfKey, parseMailbox } from "../mail/mailbox.ts";
import { queueIdOf } from "../mail/queue-id.ts";
import { reply } from "../mail/reply.ts";
import { type Announcement, type EndedPost, endOldPosts, endPosts, type HeldSelection, takeAnnouncement } from "../queue/held-posts.ts";
import type { Notice } from "../queue/notice.ts";
import type { Queue } from "../queue/queue.ts";
import { bounceMailbox } from "../resolve/bounce-mailbox.ts";
import type { Reporter } from "./failure-dsn.ts";
import { composeHeldNotice, type HeldNotice } from "./held-notice.ts";
import { noticeMessage, noticeRecipients, type ResolveAny } from "./notice-message.ts";

export type HeldReportDeps = {
  readonly queue: Pick<Queue, "withNotices">;
  readonly resolve: ResolveAny;
  readonly reporter: Reporter;
  readonly log: Log;
  readonly maillog: Pick<Maillog, "heldPostEnded">;
};

export type HeldReport = {
  /** Tells of the posts that nobody was told of, and returns those that nobody decided upon in time. Rejects when it could not. */
  round(): Promise<void>;
  /** Ends the selected posts; each sender who may be told hears why. `also` writes in the same commit. */
  reject(
    selection: HeldSelection,
    why: string | null,
    by: string,
    also: (tx: Queryable, ended: readonly EndedPost[]) => Promise<void>,
  ): Promise<readonly EndedPost[]>;
};

/** FEATURES: then a post that nobody looked at goes back. */
const KEPT_DAYS = 30;
/** Announcements of one round. */
const AT_ONCE = 100;
const REJECTED = reply(550, "5.7.2", "The list's owner did not let this post through");
const EXPIRED = reply(550, "5.7.2", "Nobody decided upon this post in time");

export function createHeldReport(deps: HeldReportDeps): HeldReport {
  const { queue, maillog } = deps;
  const end = async (
    work: (tx: Queryable) => Promise<readonly EndedPost[]>,
    as: "rejected" | "expired",
    why: string | null,
    by: string,
  ) => {
    let ended: readonly EndedPost[] = [];
    await queue.withNotices(async (tx) => {
      ended = await work(tx);
      return noticesOf(
        deps,
        ended.flatMap((post) => endNotice(post, as, why) ?? []),
      );
    });
    for (const { messageId, list, copies } of ended) maillog.heldPostEnded({ queueId: queueIdOf(messageId), list, as, by, copies });
    return ended;
  };
  return {
    async round() {
      for (let told = 0; told < AT_ONCE && (await announceOne(deps)); told++);
      await end((tx) => endOldPosts(tx, KEPT_DAYS, EXPIRED), "expired", null, "age");
    },
    reject: (selection, why, by, also) =>
      end(
        async (tx) => {
          const ended = await endPosts(tx, selection, REJECTED);
          if (ended.length > 0) await also(tx, ended);
          return ended;
        },
        "rejected",
        why,
        by,
      ),
  };
}

/** False: there was nothing to tell. */
async function announceOne(deps: HeldReportDeps): Promise<boolean> {
  let found = false;
  await deps.queue.withNotices(async (tx) => {
    const announcement = await takeAnnouncement(tx);
    found = announcement !== null;
    return announcement === null ? [] : noticesOf(deps, announcementNotices(announcement));
  });
  return found;
}

/** Who leads nowhere is not told. */
async function noticesOf({ resolve, reporter, log }: HeldReportDeps, notices: readonly HeldNotice[]): Promise<readonly Notice[]> {
  const made: Notice[] = [];
  for (const notice of notices) {
    const recipients = await noticeRecipients(resolve, notice.to);
    if (recipients === null) {
      log.warn("a notice about a held post has nobody to go to", { to: notice.to.key });
      continue;
    }
    const octets = await composeHeldNotice(notice, reporter);
    made.push({ message: noticeMessage(octets, recipients), octets });
  }
  return made;
}

function announcementNotices({
  messageId,
  list,
  reason,
  subject,
  sender,
  tellSender,
  tellOwner,
  waiting,
}: Announcement): readonly HeldNotice[] {
  const id = queueIdOf(messageId);
  const to = tellSender ? senderOf(sender) : null;
  const owner = tellOwner ? ownerOf(list) : null;
  return [
    ...(to === null
      ? []
      : [
          {
            to,
            subject,
            title: "Your post waits for approval",
            lines: [
              `Your post to ${list} waits for the list's owner, who will let it through or not. You need do nothing.`,
              "",
              `Our number for it: ${id}`,
            ],
          },
        ]),
    ...(owner === null
      ? []
      : [
          {
            to: owner,
            subject,
            title: `A post to ${list} waits for you`,
            lines: [
              `From: ${sender ?? "(somebody who is not told)"}`,
              `Why it waits: ${reason}`,
              `Posts to this list that wait: ${waiting}`,
              "",
              "An administrator lets it through, or does not, with",
              `  mailroom held approve --id ${id}`,
              `  mailroom held reject --id ${id} --why "…"`,
              "",
              `After ${KEPT_DAYS} days it goes back. For ten minutes you hear of no other post to this list.`,
            ],
          },
        ]),
  ];
}

function endNotice({ messageId, list, sender, subject }: EndedPost, as: "rejected" | "expired", why: string | null): HeldNotice | null {
  const to = senderOf(sender);
  if (to === null) return null;
  const what = as === "rejected" ? "The owner of the list did not let it through." : `Nobody decided upon it in ${KEPT_DAYS} days.`;
  const lines = [
    `Your post to ${list} was not delivered. ${what}`,
    ...(why === null ? [] : ["", `The reason given: ${why}`]),
    "",
    `Our number for it: ${queueIdOf(messageId)}`,
  ];
  return { to, subject, title: "Your post was not delivered", lines };
}

function senderOf(text: string | null): Mailbox | null {
  const parsed = text === null ? null : parseMailbox(text, { smtputf8: true });
  return parsed?.ok ? parsed.mailbox : null;
}

/** The list's bounce address, which leads to its owner past any policy. */
function ownerOf(list: string): Mailbox | null {
  const parsed = mailboxOfKey(list);
  return parsed.ok ? bounceMailbox(parsed.mailbox) : null;
}
