import type { LineFault } from "./command-lines.ts";
import type { Limits } from "./limits.ts";

/** How much more is borne of one connection: refused commands, commands that move no mail, lines that are no commands. */
export class Patience {
  #refused = 0;
  #idle = 0;
  #badLines = 0;
  #longLines = 0;
  readonly #limits: Limits;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** A command was refused for good (5yz): its reply goes out at once, slowly, or gives way to the end of the connection. */
  refusal(): "at once" | "slowly" | "no more" {
    const { refusedCommands } = this.#limits;
    this.#refused++;
    if (this.#refused < refusedCommands / 2) return "at once";
    return this.#refused > refusedCommands ? "no more" : "slowly";
  }

  /** A command that moves no mail. False: one too many. */
  idleCommand(): boolean {
    this.#idle++;
    return this.#idle <= this.#limits.idleCommands;
  }

  /** A message was accepted: whoever brings mail may be idle again. */
  messageAccepted(): void {
    this.#idle = 0;
  }

  /** A line that is no command. False: the last one that is answered. */
  badLine(fault: Exclude<LineFault, "tls">): boolean {
    if (fault === "tooLong") return ++this.#longLines < this.#limits.longLines;
    return ++this.#badLines < this.#limits.badLines;
  }
}
