/** Mail in the queue and the trace, for tests of the screens that show it. */
import { parseQueueId } from "../../src/mail/queue-id.ts";
import { reply } from "../../src/mail/reply.ts";
import type { Verdict } from "../../src/mail/verdict.ts";
import { box, message, openTestQueue, put, recipient, settleAll, type TestQueue } from "../queue/harness.ts";
import type { TestDatabase } from "../support/database.ts";

export const said = (code: number, status: string, text: string, relay = "mx.elsewhere.example[192.0.2.9]:25"): Verdict => ({
  kind: code < 300 ? "relayed" : code < 500 ? "deferred" : "failed",
  scope: "host",
  reply: reply(code, status, text),
  relay,
});

export type TestMail = TestQueue & {
  /** Takes a message for one address and lets its only delivery end so. Its queue id. */
  send(from: string, original: string, final: string, verdict: Verdict, more?: { readonly held?: string }): Promise<string>;
};

export async function openMail({ db }: TestDatabase): Promise<TestMail> {
  const node = await openTestQueue(db);
  let counter = 0;
  return {
    ...node,
    async send(from, original, final, verdict, { held } = {}) {
      const sender = from === "" ? null : box(from);
      const id = await put(
        node.queue,
        message(
          [
            recipient(final, {
              originalRecipient: original,
              reversePath: sender,
              paths: [[original, final]],
              held: held ?? null,
            }),
          ],
          {
            envelope: { reversePath: sender, smtputf8: false, body: "7BIT", ret: null, envid: null },
            headerMessageId: `<${++counter}@test.example>`,
          },
        ),
      );
      if (held === undefined) await settleAll(node.queue, await node.delivery.next(), verdict);
      return id;
    },
  };
}

export const idOf = (queueId: string): bigint => parseQueueId(queueId) ?? 0n;
