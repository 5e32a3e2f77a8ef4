import type { RemoteReply } from "../mail/verdict.ts";

/** The step of the dialogue, named for the command whose reply was awaited. "dot" lasts from 354 to the reply to the final dot. */
export type Stage = "connect" | "greeting" | "mail" | "rcpt" | "data" | "dot";

type Facts = {
  /** What the host said at the end, if it said anything. */
  readonly reply: RemoteReply | null;
  /** Replies that had come to what was asked last. */
  readonly said: readonly string[];
  /** Our final dot was on its way, so the host may have taken the message (RFC 5321 §4.5.3.2.6). */
  readonly uncertain: boolean;
  /** It broke while TLS was being set up. */
  readonly tls: boolean;
  /** The content could not be read or sent: no fault of the host. */
  readonly ours: boolean;
};

/** A dialogue that broke before its end. */
export class SessionLost extends Error {
  override readonly name = "SessionLost";
  readonly stage: Stage;
  readonly reply: RemoteReply | null;
  readonly said: readonly string[];
  readonly uncertain: boolean;
  readonly tls: boolean;
  readonly ours: boolean;

  constructor(stage: Stage, cause: Error, facts: Partial<Facts> = {}) {
    super(cause.message, { cause });
    this.stage = stage;
    this.reply = facts.reply ?? null;
    this.said = facts.said ?? [];
    this.uncertain = facts.uncertain ?? false;
    this.tls = facts.tls ?? false;
    this.ours = facts.ours ?? false;
  }
}
