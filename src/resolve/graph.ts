import type { Entry } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import type { DeadEnd, HopReason } from "./resolution.ts";
import type { Skipped } from "./standing.ts";

/**
 * What an address turned out to be. `final`: mail leaves us here. `passed`: it means another address (its only hop). `entry`: an alias
 * or list. `dead`: mail ends here. `discarded`: it is taken and thrown away. `unasked`: the walk ended before anybody asked.
 */
export type NodeKind = "final" | "passed" | "entry" | "dead" | "discarded" | "unasked";

/** An address met on the walk, once however often it is met. */
export type Node = {
  readonly mailbox: Mailbox;
  kind: NodeKind;
  why: DeadEnd["why"] | null;
  /** Of an alias or a list, one that does not work now too. */
  entry: Entry | null;
  /** Where it leads, in the order of the targets. A loop leads back to a node before. */
  hops: readonly Edge[];
  /** Its targets that do not count now. */
  skipped: readonly Skipped[];
  /** The node from which it was met first, on the shortest way; null: a start. */
  readonly parent: Node | null;
};

export type Edge = { readonly to: Node; readonly reason: HopReason };

/** All that was met from the starts, each node after its parent, by key; a person's own mailbox has a name of its own. `revisits`: edges to nodes met before; without any it is a tree. */
export type Graph = { readonly starts: readonly Node[]; readonly nodes: ReadonlyMap<string, Node>; readonly revisits: number };
