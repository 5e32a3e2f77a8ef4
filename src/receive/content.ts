import type { Log } from "../log/log.ts";
import type { Reply } from "../mail/reply.ts";
import type { Intake } from "../queue/claim.ts";
import { Blocks } from "./blocks.ts";
import { ContentScanner } from "./content-scanner.ts";
import { inTime } from "./in-time.ts";
import type { Limits } from "./limits.ts";
import { replyToTrouble } from "./trouble.ts";

/**
 * The content of one message on its way from the client into the queue. Once it cannot be accepted any more (a fault, or trouble with the
 * queue) the rest is read and thrown away, so that the reply stands at the true end of data.
 */
export class Content {
  readonly scanner: ContentScanner;
  readonly intake: Intake;
  /** The queue could not take it: what to say at the end of data. */
  troubled: Reply | null = null;
  /** All of it was read. */
  complete = false;
  readonly #startedAt = performance.now();
  /** Milliseconds spent waiting for the queue, which are not the client's; not null: waiting since. */
  #waited = 0;
  #waitingSince: number | null = null;

  readonly #blocks = new Blocks((octets) => this.#write(octets));
  readonly #limits: Limits;
  readonly #log: Log;
  #header: Buffer[] = [];
  #headerHeld = 0;
  /** A header sent octet by octet must not be a Buffer per octet. */
  readonly #headerBlocks = new Blocks((octets) => void this.#header.push(octets));
  #dropped = false;

  constructor(intake: Intake, limits: Limits, log: Log) {
    this.scanner = new ContentScanner({ size: limits.size, line: limits.lineLength, header: limits.headerSize });
    this.intake = intake;
    this.#limits = limits;
    this.#log = log;
  }

  /** The client goes on far beyond the size limit: nobody has to read that. */
  get overrun(): boolean {
    return this.scanner.size >= this.#limits.size + this.#limits.sizeOverrun;
  }

  /** The client sends too slowly, or has been sending for too long. `now`: of performance.now(). */
  tooSlow(now: number): boolean {
    const { dataTimeout, dataRate, dataRateGrace } = this.#limits;
    if (this.complete) return false;
    if (now - this.#startedAt > dataTimeout) return true;
    const spent = now - this.#startedAt - this.#waited;
    return this.#waitingSince === null && spent > dataRateGrace && this.scanner.size < (spent / 1000) * dataRate;
  }

  /** Takes what the scanner found in a segment. Never rejects; a promise: wait for it. */
  take(octets: Buffer): Promise<void> | undefined {
    if (!this.#dropped && this.scanner.fault() !== null) this.drop();
    if (this.#dropped) return undefined;
    if (this.scanner.headerSize < 0 || this.#headerHeld < this.scanner.headerSize) {
      void this.#headerBlocks.add(octets); // keeps it, and never asks to wait
      this.#headerHeld += octets.length;
    }
    return this.#blocks.add(octets);
  }

  /** The end of data was read: what is left goes into the queue. */
  finish(): Promise<void> | undefined {
    this.complete = true;
    return this.#dropped ? undefined : this.#blocks.flush();
  }

  /** The header section as received, its empty line included. Without such a line all of the content is header. */
  header(): Buffer {
    void this.#headerBlocks.flush();
    const whole = this.#header.length === 1 ? (this.#header[0] as Buffer) : Buffer.concat(this.#header);
    return this.scanner.headerSize < 0 ? whole : whole.subarray(0, this.scanner.headerSize);
  }

  /** Nothing of it will be stored. */
  drop(): void {
    if (this.#dropped) return;
    this.#dropped = true;
    this.#header = [];
    void this.intake.abort();
  }

  #write(octets: Buffer): Promise<void> | undefined {
    if (this.#dropped) return undefined;
    let waiting: Promise<void> | undefined;
    try {
      waiting = this.intake.write(octets);
    } catch (cause) {
      this.#trouble(cause);
    }
    if (waiting === undefined) return undefined;
    const since = performance.now();
    this.#waitingSince = since;
    return inTime(waiting, this.#limits.intakeTimeout, "writing content")
      .catch((cause: unknown) => this.#trouble(cause))
      .then(() => {
        this.#waitingSince = null;
        this.#waited += performance.now() - since;
      });
  }

  /** Remembered, and answered at the end. */
  #trouble(cause: unknown): void {
    this.troubled = replyToTrouble(cause);
    this.#log.error("smtp.intake_failed", { queueId: this.intake.queueId, error: cause instanceof Error ? cause.message : String(cause) });
    this.drop();
  }
}
