import { returnPathField } from "../mail/trace-field.ts";
import type { Verdict } from "../mail/verdict.ts";
import type { Attempt, AttemptEnd, Ending } from "./attempt.ts";
import type { Edges } from "./edges.ts";
import type { Job } from "./lanes.ts";
import { maildirOf, writeMaildir } from "./maildir.ts";
import { type LeaveUrl, prefixOf } from "./prefix.ts";
import { withDetail, words } from "./words.ts";

/** A job's copies, each into its recipient's own Maildir. */
export class MaildirAttempt implements Attempt {
  readonly #job: Job;
  readonly #pattern: string;
  readonly #edges: Edges;
  readonly #leaveUrl: LeaveUrl;
  #stopping = false;

  constructor(job: Job, pattern: string, edges: Edges, leaveUrl: LeaveUrl) {
    this.#job = job;
    this.#pattern = pattern;
    this.#edges = edges;
    this.#leaveUrl = leaveUrl;
  }

  /** A write that has begun is let end: the disk does not answer faster for being asked to hurry. */
  abort(): void {
    this.#stopping = true;
  }

  async run(): Promise<AttemptEnd> {
    const begun = this.#edges.elapsed();
    const { message, reversePath, recipients } = this.#job;
    // RFC 5321 §4.4: final delivery puts the reverse-path in front.
    const prefix = Buffer.from(returnPathField(reversePath) + prefixOf(this.#job, this.#leaveUrl), "utf8");
    const endings: Ending[] = [];
    for (const recipient of recipients) {
      if (this.#stopping) break;
      const dir = maildirOf(this.#pattern, recipient.finalRecipient);
      const content = message.content.inMemory() ?? message.content.chunks();
      const verdict = await writeMaildir(dir, prefix, content, message.size, this.#edges.now()).then(done, trouble);
      endings.push({ recipient, verdict });
    }
    const untried = recipients.slice(endings.length);
    return {
      endings,
      again: [],
      untried,
      state: "answered",
      forAll: false,
      connectMs: 0,
      sendMs: this.#edges.elapsed() - begun,
      uncertain: 0,
    };
  }
}

const done = (): Verdict => ({ kind: "relayed", reply: words.delivered, relay: "maildir" });

/** Disk, rights, content: all of it is ours, so the mail waits and nothing counts towards its expiry. */
function trouble(error: unknown): Verdict {
  const code = (error as NodeJS.ErrnoException).code ?? String(error);
  const reply = withDetail(code === "ENOSPC" || code === "EDQUOT" ? words.maildirFull : words.maildirTrouble, code);
  return { kind: "deferred", scope: "local", reply, relay: "maildir" };
}
