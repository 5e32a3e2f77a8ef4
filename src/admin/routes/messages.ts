/** What happened to messages. Whoever asks sees mail that touches their domains, or their own of the last week; the rest is counted, not named. */
import { z } from "zod";
import { quoted } from "../../actions/address.ts";
import type { Scope } from "../../actions/scope.ts";
import { atOurs, mailboxText, parseMailbox, textOfKey } from "../../mail/mailbox.ts";
import { readMoment } from "../../mail/moment.ts";
import { firstIdAt, parseQueueId, queueIdOf } from "../../mail/queue-id.ts";
import { FOUND_STATUSES, type MessageQuery } from "../../queue/find-messages.ts";
import type { MailScope } from "../../queue/mail-scope.ts";
import { listMessages, readMessage } from "../../queue/message-view.ts";
import { type AdminDeps, panel } from "../context.ts";
import { may } from "../guard.ts";
import { cursorOf, input, momentText, PAGE, placeOf } from "../input.ts";
import { Problem } from "../problem.ts";

const listing = z.strictObject({
  /** The sender, or an original or final recipient; `<>`: the null reverse-path. */
  person: z.string().max(320).optional(),
  /** A queue id, or a Message-ID. */
  id: z.string().max(1000).optional(),
  status: z.enum(FOUND_STATUSES).optional(),
  relay: z.string().max(255).optional(),
  since: momentText.optional(),
  until: momentText.optional(),
  ...PAGE,
});
const idText = z.string().regex(/^[0-9]{1,19}$/);
const one = z.strictObject({ id: z.string().min(1).max(20) });

const HOUR = 3_600_000;
const WITHOUT_SAYING_MS = 48 * HOUR;
const OWN_MS = 7 * 24 * HOUR;

/** A scope on mail: the same domains; addresses as the queue writes them. */
export const mailScope = ({ everything, domains, owners }: Scope): MailScope => ({ everything, domains, owners: owners.map(textOfKey) });

/** Who sees only their own mail sees a week of it. */
const isOwnOnly = ({ everything, domains }: Scope): boolean => !everything && domains.length === 0;
const earliest = (scope: Scope): Date => new Date(isOwnOnly(scope) ? Date.now() - OWN_MS : 0);

export function messageRoutes({ db }: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("messages.see"), input("query", listing), async (c) => {
      const { limit, cursor, ...asked } = c.req.valid("query");
      const scope = c.get("scope");
      const query = queryOf(asked, earliest(scope));
      const before = placeOf(cursor, idText);
      const { items, next } = await listMessages(db, mailScope(scope), query, limit, before === null ? null : BigInt(before));
      return c.json(
        { items, next_cursor: next === null ? null : cursorOf(next.toString()), since: query.since.toISOString(), total: null },
        200,
      );
    })
    .get("/:id", may("messages.see"), input("param", one), async (c) => {
      const { id } = c.req.valid("param");
      const scope = c.get("scope");
      const messageId = parseQueueId(id);
      const message = messageId === null ? null : await readMessage(db, mailScope(scope), messageId, firstIdAt(earliest(scope).getTime()));
      if (message === null || messageId === null)
        throw new Problem("not-found", `There is no message ${quoted(id)} that you may see.`, {
          hint: "It may be older than the trace is kept, or its queue id misspelt.",
        });
      // What the directory said when it came: /explain takes it as as_of.
      return c.json({ ...message, as_of: message.receivedAt.toISOString(), queue_id: queueIdOf(messageId) }, 200);
    });
}

type Asked = Omit<z.infer<typeof listing>, "limit" | "cursor">;

function queryOf({ person, id, status, relay, since, until }: Asked, notBefore: Date): MessageQuery {
  const messageId = id === undefined || id === "" ? null : parseQueueId(id.trim());
  const isNamed = id !== undefined && id !== "";
  const from = since === undefined ? new Date(isNamed ? 0 : Date.now() - WITHOUT_SAYING_MS) : momentOf(since, "/since");
  return {
    person: person === undefined || person === "" ? null : personOf(person.trim()),
    messageId,
    headerMessageId: isNamed && messageId === null ? bracketed(id.trim()) : null,
    status: status ?? null,
    relay: relay === undefined || relay === "" ? null : relay,
    since: from < notBefore ? notBefore : from,
    until: until === undefined ? null : momentOf(until, "/until"),
  };
}

const bracketed = (id: string): string => (id.startsWith("<") ? id : `<${id}>`);

/** As the queue may have written it: as typed, and in the case that our own addresses have. */
function personOf(text: string): readonly string[] {
  if (text === "<>") return [""];
  const parsed = parseMailbox(text.replace(/^<(.*)>$/, "$1"), { smtputf8: true });
  if (parsed.ok) return [...new Set([mailboxText(parsed.mailbox), mailboxText(atOurs(parsed.mailbox))])];
  throw new Problem("validation", `/person: ${quoted(text)} is no address: ${parsed.fault.detail}`, {
    errors: [{ pointer: "/person", code: "address-invalid", detail: parsed.fault.detail }],
    hint: "Write the whole address, as name@domain; <> finds bounces.",
  });
}

/** Since and until may be days: a day begins at midnight, UTC. */
function momentOf(text: string, pointer: string): Date {
  const day = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00Z` : /T[\d:.]+$/.test(text) ? `${text}Z` : text;
  const moment = readMoment(day);
  if (moment !== null) return moment;
  throw new Problem("validation", `${pointer}: ${quoted(text)} is no date`, {
    errors: [{ pointer, code: "invalid", detail: "no date" }],
    hint: "Write 2026-03-03 or 2026-03-03T10:00 (UTC).",
  });
}
