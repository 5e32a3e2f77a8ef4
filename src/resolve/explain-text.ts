/** An explanation as `mailroom explain` prints it, and as the panel repeats it word for word. */

import { counted } from "../mail/counted.ts";
import { momentText, startText } from "../mail/moment.ts";
import {
  type ExplainedHop,
  type ExplainedLeaf,
  type ExplainedNode,
  type Explanation,
  exitStatusOf,
  type LeafState,
} from "./explanation.ts";
import type { HopReason } from "./resolution.ts";

/** Siblings shown below one address; of the others only those that fail, and a count. */
const SIBLINGS = 20;
/** The column of the states, where lines are shorter. */
const STATE_COLUMN = 78;

const REASONS: Readonly<Record<HopReason, string>> = {
  alias: "alias",
  member: "member",
  subaddress: "without its tag",
  domainAlias: "domain alias",
  catchAll: "catch-all",
  moved: "moved there",
  bounces: "answers for the list's bounces",
  listOwner: "answers for the list",
  postmaster: "named in the settings, as nobody answers",
  person: "mailbox of the person",
  groupMember: "in the group",
  filter: "members by filter",
};

/** The tree with its reasons, what RCPT would answer if that is no plain yes, warnings, and a summary. Lines without an end at the last. */
export function explainText(explanation: Explanation): string {
  const lines = new Tree(explanation).lines();
  const width = Math.min(STATE_COLUMN, Math.max(...lines.filter(({ state }) => state !== "").map(({ text }) => text.length)));
  const { verdict, warnings } = explanation;
  return [
    ...lines.map(({ text, state }) => (state === "" ? text : `${text.padEnd(width)}  ${state}`)),
    ...(verdict.code === 250 ? [] : [`A client is told: ${verdict.code} ${verdict.enhanced_status} ${verdict.text}`]),
    ...warnings.map((warning) => `note: ${warning}`),
    `${summary(explanation).padEnd(width)}  exit ${exitStatusOf(explanation)}`,
  ].join("\n");
}

type Line = { readonly text: string; readonly state: string };

class Tree {
  readonly #nodes: readonly ExplainedNode[];
  readonly #hopsFrom = new Map<number, ExplainedHop[]>();
  readonly #leafOf = new Map<number | null, ExplainedLeaf>();
  readonly #lines: Line[] = [];
  readonly #asOf: string;

  constructor({ nodes, hops, leaves, as_of }: Explanation) {
    this.#nodes = nodes;
    this.#asOf = as_of;
    for (const hop of hops) {
      const siblings = this.#hopsFrom.get(hop.from);
      if (siblings === undefined) this.#hopsFrom.set(hop.from, [hop]);
      else siblings.push(hop);
    }
    for (const leaf of leaves) this.#leafOf.set(leaf.hop, leaf);
  }

  lines(): readonly Line[] {
    const [root] = this.#nodes;
    if (root === undefined) return [{ text: "", state: stateText("lookupFailed", null) }];
    const leaf = this.#leafOf.get(null);
    const about = describeNode(root, this.#asOf);
    this.#lines.push({
      text: `${printable(root.address)}${about === "" ? "" : `  ${about}`}`,
      state: leaf === undefined ? "" : leafText(leaf),
    });
    if (leaf === undefined) this.#below(root.id, "");
    return this.#lines;
  }

  #below(id: number, indent: string): void {
    const hops = this.#hopsFrom.get(id) ?? [];
    const shown = hops.filter((hop, position) => position < SIBLINGS || this.#fails(hop));
    const folded = hops.length > SIBLINGS ? hops.filter((hop, position) => position >= SIBLINGS && !this.#fails(hop)) : [];
    for (const [position, hop] of shown.entries()) {
      const isLast = position === shown.length - 1 && folded.length === 0;
      this.#hop(hop, `${indent}${isLast ? "└─ " : "├─ "}`, `${indent}${isLast ? "   " : "│  "}`);
    }
    if (folded.length > 0)
      this.#lines.push({ text: `${indent}└─ + ${folded.length.toLocaleString("en")} more, none of which fails`, state: "" });
  }

  /** A leaf that fails; what lies deeper is not asked. */
  #fails(hop: ExplainedHop): boolean {
    const leaf = this.#leafOf.get(hop.id);
    return leaf !== undefined && leaf.code !== 250;
  }

  #hop(hop: ExplainedHop, lead: string, indent: string): void {
    const node = this.#nodes[hop.to];
    if (node === undefined) return;
    const leaf = this.#leafOf.get(hop.id);
    const about = leaf === undefined ? describeNode(node, this.#asOf) : "";
    const text = `${lead}${printable(node.address)}  <-- ${REASONS[hop.reason]}${about === "" ? "" : `; ${about}`}`;
    this.#lines.push({ text, state: leaf === undefined ? "" : leafText(leaf) });
    if (leaf === undefined) this.#below(hop.to, indent);
  }
}

/** `person in campus (uid=ann,ou=people,dc=campus), 40 s old`. */
function ldapText(kind: string, { source, dn, answered_at, stale, shadowed }: NonNullable<ExplainedNode["ldap"]>, asOf: string): string {
  const age = `${Math.max(0, Math.round((Date.parse(asOf) - Date.parse(answered_at)) / 1000))} s old`;
  const known = shadowed.length === 0 ? "" : `; also known to ${shadowed.join(", ")}, whose word does not count`;
  return `${kind} in ${source} (${printable(dn)}), ${stale === null ? age : `LAST GOOD ANSWER, ${age}: ${stale}`}${known}`;
}

function describeNode(node: ExplainedNode, asOf: string): string {
  const { kind, owner, posting, own_copy, may_leave, excluded, starts_at, expires_at, ldap } = node;
  if (ldap !== null) return ldapText(kind, ldap, asOf);
  if (kind !== "list" && kind !== "alias") return "";
  return [
    kind === "list" ? "list" : "",
    posting === null || posting === "anyone" ? "" : (POSTING[posting] ?? `${posting} may post`),
    own_copy === false ? "no copy to its sender" : "",
    may_leave ? "members may leave" : "",
    excluded === 0 ? "" : `${excluded.toLocaleString("en")} excluded`,
    kind === "list" && owner !== null ? `owner ${owner}` : "",
    starts_at === null ? "" : `from ${startText(new Date(starts_at))}`,
    expires_at === null ? "" : `until ${momentText(new Date(expires_at))}`,
  ]
    .filter((part) => part !== "")
    .join(", ");
}

const POSTING: Readonly<Record<string, string>> = { moderated: "moderated", named: "named senders may post" };

function leafText(leaf: ExplainedLeaf): string {
  const how = [leaf.next_hop ?? "", leaf.reverse_path === null ? "" : `bounces to ${leaf.reverse_path}`]
    .filter((part) => part !== "")
    .join(", ");
  if (leaf.state === "delivers") return `ok${how === "" ? "" : `, ${how}`}`;
  return stateText(leaf.state, leaf.detail);
}

function stateText(state: LeafState, detail: string | null): string {
  const why = detail === null ? "" : `: ${printable(detail)}`;
  const texts: Readonly<Record<LeafState, string>> = {
    delivers: "ok",
    discarded: detail === null ? "discarded, as the route says" : `discarded${why}`,
    duplicate: "duplicate, one copy only",
    held: `HELD${why}`,
    senderHasIt: "the sender has it already, no copy",
    unknown: "DEAD END no such address (5.1.1)",
    expired: `DEAD END expired on ${detail ?? "a day before"} (5.1.1)`,
    notYet: `DEAD END does not begin before ${detail ?? "a later day"} (5.1.1)`,
    disabled: "DEAD END switched off (5.1.1)",
    disabledSoft: "OFF for a while; mail would wait (4.2.1)",
    disabledText: `DEAD END switched off${why} (5.2.1)`,
    moved: `DEAD END moved to ${printable(detail ?? "")} (5.1.6)`,
    notAllowed: `NOT ALLOWED off campus for ${printable(detail ?? "")} (5.7.1)`,
    empty: "DEAD END leads to nobody (5.1.1)",
    badTarget: "DEAD END not an address",
    loop: "LOOP, stopped here",
    mayNotPost: "MAY NOT POST (5.7.2)",
    tooDeep: "TOO DEEP, all of it is refused (5.2.4)",
    tooWide: "TOO WIDE, all of it is refused (5.2.4)",
    refused: "refused with the rest",
    lookupFailed: `LOOKUP FAILED${why}; mail would wait (451), not bounce`,
    notOurs: "NOT OURS, strangers are refused (5.7.1)",
  };
  return texts[state];
}

const SUMMARY: readonly (readonly [state: readonly LeafState[], one: string, many: string])[] = [
  [["delivers"], "delivers", "deliver"],
  [["discarded"], "is discarded", "are discarded"],
  [["duplicate"], "duplicate", "duplicates"],
  [["held"], "held", "held"],
  [["senderHasIt"], "the sender's own", "the sender's own"],
  [["unknown", "expired", "notYet", "disabled", "disabledText", "moved", "empty", "badTarget"], "dead end", "dead ends"],
  [["disabledSoft"], "off for a while", "off for a while"],
  [["notAllowed"], "not allowed off campus", "not allowed off campus"],
  [["loop"], "loop", "loops"],
  [["mayNotPost"], "may not post", "may not post"],
  [["tooDeep"], "too deep", "too deep"],
  [["tooWide"], "too wide", "too wide"],
  [["refused"], "refused with it", "refused with it"],
  [["lookupFailed"], "lookup failed", "lookups failed"],
  [["notOurs"], "not ours", "not ours"],
];

function summary({ counts }: Explanation): string {
  const paths = counts["paths"] ?? 0;
  const parts = SUMMARY.flatMap(([states, one, many]) => {
    const count = states.reduce((sum, state) => sum + (counts[state] ?? 0), 0);
    return count === 0 ? [] : [counted(count, one, many)];
  });
  return `${counted(paths, "path")}: ${parts.join(", ")}`;
}

/** Directory rows may hold anything: nothing of them reaches a terminal but what can be seen. */
const printable = (text: string): string =>
  text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (letter) => `\\u{${(letter.codePointAt(0) ?? 0).toString(16)}}`);
