/** What the API answers to `GET /api/v1/explain`, as far as the picture and its text twin need it. A test keeps it equal to what the server says. */

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

export type HopReason =
  | "moved"
  | "alias"
  | "member"
  | "subaddress"
  | "domainAlias"
  | "catchAll"
  | "bounces"
  | "listOwner"
  | "postmaster"
  | "person"
  | "groupMember"
  | "filter";

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

export type ExplainedNode = {
  readonly id: number;
  readonly address: string;
  readonly kind: ExplainedKind;
  readonly owner: string | null;
  readonly posting: string | null;
  readonly starts_at: string | null;
  readonly own_copy: boolean | null;
  readonly may_leave: boolean | null;
  readonly excluded: number;
  readonly expires_at: string | null;
  readonly ldap: {
    readonly source: string;
    readonly dn: string;
    readonly answered_at: string;
    readonly stale: string | null;
    readonly shadowed: readonly string[];
  } | null;
};

export type ExplainedHop = { readonly id: number; readonly from: number; readonly to: number; readonly reason: HopReason };

export type ExplainedLeaf = {
  readonly node: number;
  /** Null: the asked address itself ends so. */
  readonly hop: number | null;
  readonly state: LeafState;
  readonly code: number;
  readonly enhanced_status: string;
  readonly detail: string | null;
  readonly final_recipient: string | null;
  readonly path_taken: readonly string[];
  readonly next_hop: string | null;
  readonly reverse_path: string | null;
};

export type Explanation = {
  readonly address: string;
  readonly from: string | null;
  readonly as_of: string;
  readonly verdict: { readonly kind: string; readonly code: number; readonly enhanced_status: string; readonly text: string };
  readonly counts: Readonly<Record<string, number>>;
  readonly nodes: readonly ExplainedNode[];
  readonly hops: readonly ExplainedHop[];
  readonly leaves: readonly ExplainedLeaf[];
  readonly warnings: readonly string[];
};
