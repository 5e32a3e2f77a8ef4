/**
 * The closed list of mail events. One line for each recipient outcome, in the words operators and their tools already
 * read; the queue id stands on every line of a message.
 */
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";

export type RecipientOutcome = {
  readonly queueId: string;
  readonly to: string;
  readonly origTo: string;
  readonly relay: string | null;
  /** Seconds: before the queue, in the queue, connecting, sending. */
  readonly delays: readonly [number, number, number, number];
  readonly dsn: string;
  readonly status: "sent" | "deferred" | "bounced" | "expired" | "discarded" | "deleted";
  readonly reply: string;
};

/** A command that was refused. `from`, `to`: the paths it was about, as far as there are any. */
export type Refused = {
  readonly client: string;
  /** Null: none was said. */
  readonly hello: { readonly name: string; readonly extended: boolean } | null;
  readonly command: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly reply: string;
};

export type HeldPostEnded = {
  readonly queueId: string;
  readonly list: string;
  readonly as: "approved" | "rejected" | "expired";
  readonly by: string;
  readonly copies: number;
};

export type Maillog = {
  accepted(event: Accepted): void;
  outcome(event: RecipientOutcome): void;
  /** No recipient of the message is left in the queue. */
  removed(queueId: string): void;
  refused(event: Refused): void;
  /** Read by fail2ban (docs/sending.md): `client` is the address alone. */
  signInFailed(event: { client: string; mechanism: string; login: string; why: string }): void;
  held(queueId: string, to: string, reason: string): void;
  /** A post waits for the list's owner: one line for all its copies. */
  heldPost(queueId: string, list: string, sender: string | null, reason: string): void;
  /** What became of it. */
  heldPostEnded(event: HeldPostEnded): void;
  quarantined(queueId: string): void;
};

type Accepted = { queueId: string; from: string; size: number; recipients: number; client: string; messageId: string | null };

/** `QUEUEID: from=<…>, size=…, nrcpt=… (queue active), client=…, message-id=…`. */
export function acceptedLine({ queueId, from, size, recipients, client, messageId }: Accepted) {
  const text = `${queueId}: from=<${from}>, size=${size}, nrcpt=${recipients} (queue active), client=${client}, message-id=${messageId ?? ""}`;
  return { program: "qmgr", text, fields: { event: "accepted", queueId } };
}

export function createMaillog(log: Log, metrics: Metrics): Maillog {
  return {
    accepted(event) {
      metrics.acknowledged.inc();
      const { program, text, fields } = acceptedLine(event);
      log.line(program, text, fields);
    },
    outcome(event) {
      metrics.delivered.inc({ status: event.status });
      if (event.status === "sent") observeDelays(metrics, event.delays);
      log.line("smtp", outcomeLine(event), { event: event.status, queueId: event.queueId });
    },
    removed: (queueId) => log.line("qmgr", `${queueId}: removed`, { event: "removed", queueId }),
    refused(event) {
      metrics.refused.inc({ code: event.reply.slice(0, 3) });
      log.line("smtpd", refusedLine(event), { event: "refused" });
    },
    signInFailed({ client, mechanism, login, why }) {
      // The name stands last and is cut: what it says cannot be taken for a part of the line that we wrote.
      const name = login.slice(0, 100);
      log.line("smtpd", `warning: unknown[${client}]: SASL ${mechanism} authentication failed: ${why}, sasl_username=${name}`, {
        event: "signInFailed",
        client,
      });
    },
    held: (queueId, to, reason) => log.line("qmgr", `${queueId}: to=<${to}>, status=hold (${reason})`, { event: "held", queueId }),
    heldPost: (queueId, list, sender, reason) =>
      log.line("qmgr", `${queueId}: list=<${list}>, from=<${sender ?? ""}>, status=hold (${reason})`, { event: "heldPost", queueId }),
    heldPostEnded(event) {
      const { program, text, fields } = heldPostEndedLine(event);
      log.line(program, text, fields);
    },
    quarantined(queueId) {
      metrics.quarantined.inc();
      log.error("a message killed whoever tried to deliver it; it waits for a person", { queueId, next: "mailroom queue show" });
    },
  };
}

/** `QUEUEID: list=<…>, status=approved, nrcpt=40 (by ann@mx1 via cli)`: all copies of a post that waited. */
export function heldPostEndedLine({ queueId, list, as, by, copies }: HeldPostEnded) {
  return { program: "qmgr", text: `${queueId}: list=<${list}>, status=${as}, nrcpt=${copies} (by ${by})`, fields: { event: as, queueId } };
}

type Waiting = Pick<RecipientOutcome, "queueId" | "to" | "origTo">;

/** What a person did with one recipient in the queue: `QUEUEID: to=<…>, orig_to=<…>, action=hold, by=<ann@mx1 via cli> (TICKET-17)`, for the server's log. */
export function steeredLine({ queueId, to, origTo }: Waiting, action: string, actor: string, why: string | null) {
  const text = `${queueId}: to=<${to}>, orig_to=<${origTo}>, action=${action}, by=<${actor}> (${why ?? "no reason given"})`;
  return { program: "qmgr", text, fields: { event: action, queueId } };
}

/** `QUEUEID: to=<…>, orig_to=<…>, relay=…, delay=…, delays=a/b/c/d, dsn=…, status=… (reply)`. */
function outcomeLine({ queueId, to, origTo, relay, delays, dsn, status, reply }: RecipientOutcome): string {
  const total = delays.reduce((sum, part) => sum + part, 0);
  const parts = delays.map(seconds).join("/");
  return `${queueId}: to=<${to}>, orig_to=<${origTo}>, relay=${relay ?? "none"}, delay=${seconds(total)}, delays=${parts}, dsn=${dsn}, status=${status} (${reply})`;
}

/** `NOQUEUE: reject: RCPT from 192.0.2.1: 550 5.1.1 …; from=<…> to=<…> proto=ESMTP helo=<…>`, as Postfix writes it. */
function refusedLine({ client, hello, command, from, to, reply }: Refused): string {
  const paths = [from === null ? "" : `from=<${from}> `, to === null ? "" : `to=<${to}> `].join("");
  const proto = hello?.extended === true ? "ESMTP" : "SMTP";
  return `NOQUEUE: reject: ${command} from ${client}: ${reply}; ${paths}proto=${proto} helo=<${hello?.name ?? ""}>`;
}

/** Two significant digits below ten, as Postfix prints delays. */
const seconds = (value: number): string => (value >= 10 ? String(Math.round(value)) : String(Number(Math.max(0, value).toPrecision(2))));

const STAGES = ["before_queue_manager", "queue_manager", "connection_setup", "transmission"] as const;

function observeDelays(metrics: Metrics, delays: RecipientOutcome["delays"]): void {
  STAGES.forEach((stage, i) => {
    metrics.delay.observe({ stage }, delays[i] ?? 0);
  });
}
