/** Mail that the panel has written: composed as our other notices are, resolved like any mail, and queued with the change it tells of. */
import { randomUUID } from "node:crypto";
import type { OwnMail } from "./actions/forwarding/own-mail.ts";
import { Refusal } from "./actions/refusal.ts";
import type { Mailbox } from "./mail/mailbox.ts";
import type { Outbox } from "./queue/outbox.ts";
import { composeNotice } from "./report/notice-mail.ts";
import { noticeRecipients, type ResolveAny } from "./report/notice-message.ts";

/** `hostname`: of this server, for the Message-ID. */
export function openOwnMail(resolve: ResolveAny, outbox: Outbox, hostname: string): OwnMail {
  const reporter = { hostname, domain: hostname, now: () => new Date(), uniqueId: randomUUID };
  return {
    async letterbox(to: Mailbox) {
      const recipients = await noticeRecipients(resolve, to).catch((cause: unknown) => {
        throw new Refusal("unreachable", `where mail for ${to.key} goes is not known now: ${String(cause)}`, "Try again in a minute.");
      });
      return recipients === null ? null : { to, recipients };
    },
    async send(tx, letters) {
      const notices = letters.map(({ letterbox: { to, recipients }, ...text }) =>
        composeNotice({ ...text, to, automatic: "auto-generated" }, recipients, reporter),
      );
      await outbox(tx, await Promise.all(notices));
    },
  };
}
