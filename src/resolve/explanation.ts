/** What explain says, as data. The fields are those of the API: `mailroom explain --json` prints them, and the panel draws them. */
import type { HopReason } from "./resolution.ts";

/** `person`, `group`: of an LDAP source. `mailbox`: mail leaves us here. `passed`: it means another address. `off`: an entry that does not work now. `bad`: a target that is no address. `unasked`: nobody asked any more. */
export type ExplainedKind =
  | "alias"
  | "list"
  | "person"
  | "group"
  | "passed"
  | "mailbox"
  | "unknown"
  | "expired"
  | "off"
  | "bad"
  | "unasked";

export type ExplainedNode = {
  readonly id: number;
  readonly address: string;
  readonly kind: ExplainedKind;
  readonly owner: string | null;
  readonly posting: string | null;
  readonly starts_at: string | null;
  /** Of a list: a member who posts gets a copy; members may leave by themselves. Of all else null. */
  readonly own_copy: boolean | null;
  readonly may_leave: boolean | null;
  /** How many addresses a list excludes. */
  readonly excluded: number;
  readonly expires_at: string | null;
  /** Of a person or group. `stale`: why this is the last good answer; null: it is what the source says. `answered_at`: when the source said it. */
  readonly ldap: {
    readonly source: string;
    readonly dn: string;
    readonly answered_at: string;
    readonly stale: string | null;
    readonly shadowed: readonly string[];
  } | null;
};

/** `from` and `to` are ids of nodes. */
export type ExplainedHop = { readonly id: number; readonly from: number; readonly to: number; readonly reason: HopReason };

/**
 * How a way ends. `notOurs`: the asked address is none of ours, strangers are refused. `tooWide`, `tooDeep`: here the limit was reached,
 * and mail to all the rest is refused with it (`refused`).
 */
export type LeafState =
  | "delivers"
  | "discarded"
  | "duplicate"
  | "held"
  | "senderHasIt"
  | "unknown"
  | "expired"
  | "notYet"
  | "disabled"
  | "disabledSoft"
  | "disabledText"
  | "moved"
  | "notAllowed"
  | "empty"
  | "badTarget"
  | "loop"
  | "mayNotPost"
  | "tooDeep"
  | "tooWide"
  | "lookupFailed"
  | "refused"
  | "notOurs";

export type ExplainedLeaf = {
  readonly node: number;
  /** The hop that ends here; null: the asked address itself. */
  readonly hop: number | null;
  readonly state: LeafState;
  /** What a client would be told if this were all. */
  readonly code: number;
  readonly enhanced_status: string;
  /** A sentence, where the state does not say all. */
  readonly detail: string | null;
  readonly final_recipient: string | null;
  readonly path_taken: readonly string[];
  /** The URL of the route. */
  readonly next_hop: string | null;
  /** Of this copy; null with a final_recipient: the sender's own. `<>` is written so. */
  readonly reverse_path: string | null;
};

export type Explanation = {
  readonly address: string;
  /** The sender; null: not given, so posting policies are not asked. */
  readonly from: string | null;
  readonly as_of: string;
  /** What RCPT would answer. */
  readonly verdict: { readonly kind: string; readonly code: number; readonly enhanced_status: string; readonly text: string };
  /** Leaves by state; `paths` is their number. */
  readonly counts: Readonly<Record<string, number>>;
  readonly nodes: readonly ExplainedNode[];
  readonly hops: readonly ExplainedHop[];
  readonly leaves: readonly ExplainedLeaf[];
  readonly warnings: readonly string[];
};

const FINE: ReadonlySet<LeafState> = new Set(["delivers", "discarded", "duplicate", "held", "senderHasIt"]);
/** What may mend itself. */
const LATER: ReadonlySet<LeafState> = new Set(["lookupFailed", "disabledSoft"]);

/** 0: all deliver (a copy that waits for a moderator or is discarded by a route counts as that); 1: something is unavailable now; 2: something fails. */
export function exitStatusOf({ leaves, verdict }: Explanation): 0 | 1 | 2 {
  if (verdict.code >= 500 || leaves.some(({ state }) => !FINE.has(state) && !LATER.has(state))) return 2;
  return verdict.code >= 400 || leaves.some(({ state }) => !FINE.has(state)) ? 1 : 0;
}
