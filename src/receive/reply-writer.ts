import { replies } from "../mail/replies.ts";
import { type Reply, replyLine } from "../mail/reply.ts";

/** The connection ends with these, as it does with every 421. */
const LAST = new Set<Reply>([replies.bye, replies.earlyTalker, replies.chunkingRefused, replies.holdsNul, replies.bareLineEnd]);

export const endsConnection = (reply: Reply): boolean => reply.code === 421 || LAST.has(reply);

/** Replies on their way to a client: those to commands that came together leave together (RFC 2920 §3.2). */
export class ReplyWriter {
  readonly #write: (lines: string) => void;
  /** Said, and not written yet. */
  #unsent = "";

  constructor(write: (lines: string) => void) {
    this.#write = write;
  }

  /** Leaves at the end of this turn, or with the next flush. `more`: further lines of the same reply. */
  add(reply: Reply, more: readonly string[]): void {
    const lines = [replyLine(reply), ...more.map((line) => `${reply.code} ${line}`)];
    for (let i = 0; i < more.length; i++) lines[i] = (lines[i] as string).replace(" ", "-"); // RFC 5321 §4.2.1: all but the last
    if (this.#unsent === "") process.nextTick(() => this.flush());
    this.#unsent += `${lines.join("\r\n")}\r\n`;
  }

  flush(): void {
    if (this.#unsent !== "") this.#write(this.#unsent);
    this.#unsent = "";
  }
}
