/** What is said of a node, a hop and an end: the same words in the picture, in its text twin, in the exported files and in `mailroom explain`. */
import type { ExplainedKind, ExplainedLeaf, ExplainedNode, HopReason, LeafState } from "./explanation.ts";
import { type ExplainWord, printable, say, type Translate } from "./words.ts";

const DAY_MS = 86_400_000;

export const kindText = (t: Translate, kind: ExplainedKind): string => say(t, `explain.kind.${kind}`);
export const reasonText = (t: Translate, reason: HopReason): string => say(t, `explain.reason.${reason}`);

/** `person in campus (uid=ann,ou=people,dc=campus), 40 s old`; empty where there is nothing to say. `asOf`: when the server answered. */
export function aboutText(t: Translate, node: ExplainedNode, asOf: string): string {
  const { kind, owner, posting, own_copy, may_leave, excluded, starts_at, expires_at, ldap } = node;
  if (ldap !== null) return ldapText(t, kind, ldap, asOf);
  if (kind !== "list" && kind !== "alias") return "";
  return [
    kind === "list" ? kindText(t, kind) : "",
    posting === null || posting === "anyone" ? "" : postingText(t, posting),
    own_copy === false ? say(t, "explain.about.noOwnCopy") : "",
    may_leave ? say(t, "explain.about.mayLeave") : "",
    excluded === 0 ? "" : say(t, "explain.about.excluded", { count: excluded }),
    kind === "list" && owner !== null ? say(t, "explain.about.owner", { owner }) : "",
    starts_at === null ? "" : say(t, "explain.about.from", { day: dayText(starts_at, 0) }),
    expires_at === null ? "" : say(t, "explain.about.until", { day: dayText(expires_at, DAY_MS) }),
  ]
    .filter((part) => part !== "")
    .join(", ");
}

function postingText(t: Translate, posting: string): string {
  if (posting === "moderated" || posting === "named") return say(t, `explain.about.${posting}`);
  return say(t, "explain.about.posting", { who: posting });
}

function ldapText(t: Translate, kind: ExplainedKind, ldap: NonNullable<ExplainedNode["ldap"]>, asOf: string): string {
  const { source, dn, answered_at, stale, shadowed } = ldap;
  const seconds = Math.max(0, Math.round((Date.parse(asOf) - Date.parse(answered_at)) / 1000));
  const age = say(t, "explain.about.ldap.age", { seconds: String(seconds) });
  const values = { kind: kindText(t, kind), source, dn, age };
  const known = shadowed.length === 0 ? "" : say(t, "explain.about.ldap.shadowed", { sources: shadowed.join(", ") });
  return `${stale === null ? say(t, "explain.about.ldap", values) : say(t, "explain.about.ldap.stale", { ...values, why: stale })}${known}`;
}

/** A day where a day begins (`back` 0) or ends (`back` one day) then, else the moment itself; in UTC, as the server writes it. */
function dayText(moment: string, back: number): string {
  const at = new Date(moment);
  if (Number.isNaN(at.getTime())) return moment;
  if (at.getTime() % DAY_MS === 0) return new Date(at.getTime() - back).toISOString().slice(0, 10);
  return at.toISOString().replace(/(?::00)?\.000Z$/, "Z");
}

/** How a way ends, word for word as `mailroom explain` says it. */
export function leafText(t: Translate, leaf: ExplainedLeaf): string {
  if (leaf.state !== "delivers") {
    const { state, detail, code, enhanced_status: status } = leaf;
    return say(t, wordOf("line", state), { has: detail === null ? "no" : "yes", detail: detail ?? "", code: String(code), status });
  }
  const how = deliveryText(t, leaf);
  return `${say(t, "explain.line.delivers")}${how === "" ? "" : `, ${how}`}`;
}

/** The next hop, and who hears when this copy cannot be delivered. */
export function deliveryText(t: Translate, { next_hop, reverse_path }: ExplainedLeaf): string {
  return [printable(next_hop ?? ""), reverse_path === null ? "" : say(t, "explain.line.bouncesTo", { address: reverse_path })]
    .filter((part) => part !== "")
    .join(", ");
}

export const stateText = (t: Translate, state: LeafState): string => say(t, wordOf("state", state));

/** What a node, the way to it and its ends mean, and what to do: for the reader who asks. */
export function meaningOf(t: Translate, kind: ExplainedKind, reason: HopReason | null, states: readonly LeafState[]): readonly string[] {
  return [
    say(t, `explain.kind.${kind}.sentence`),
    ...(reason === null ? [] : [say(t, `explain.reason.${reason}.sentence`)]),
    ...states.map((state) => (isKnown(state) ? say(t, `explain.state.${state}.sentence`) : say(t, "explain.state.other.sentence"))),
  ];
}

/** A newer server may know more ends than this page. */
const wordOf = (word: "line" | "state", state: LeafState): ExplainWord =>
  isKnown(state) ? `explain.${word}.${state}` : `explain.${word}.other`;

const KNOWN: Readonly<Record<LeafState, CountWord>> = {
  delivers: "delivers",
  discarded: "discarded",
  duplicate: "duplicate",
  held: "held",
  senderHasIt: "senderHasIt",
  unknown: "deadEnds",
  expired: "deadEnds",
  notYet: "deadEnds",
  disabled: "deadEnds",
  disabledText: "deadEnds",
  moved: "deadEnds",
  empty: "deadEnds",
  badTarget: "deadEnds",
  disabledSoft: "disabledSoft",
  notAllowed: "notAllowed",
  loop: "loop",
  mayNotPost: "mayNotPost",
  tooDeep: "tooDeep",
  tooWide: "tooWide",
  refused: "refused",
  lookupFailed: "lookupFailed",
  notOurs: "notOurs",
};
const isKnown = (state: string): state is LeafState => Object.hasOwn(KNOWN, state);

/** In the order in which they are told. */
const COUNT_WORDS = [
  "delivers",
  "discarded",
  "duplicate",
  "held",
  "senderHasIt",
  "deadEnds",
  "disabledSoft",
  "notAllowed",
  "loop",
  "mayNotPost",
  "tooDeep",
  "tooWide",
  "refused",
  "lookupFailed",
  "notOurs",
  "other",
] as const;
type CountWord = (typeof COUNT_WORDS)[number];

/** `1,198 deliver, 6 dead ends`. `counts`: leaves by state. */
export function countsText(t: Translate, counts: Readonly<Record<string, number>>): string {
  const sums = new Map<CountWord, number>();
  for (const [state, count] of Object.entries(counts)) {
    if (state === "paths") continue;
    const word = isKnown(state) ? KNOWN[state] : "other";
    sums.set(word, (sums.get(word) ?? 0) + count);
  }
  return COUNT_WORDS.flatMap((word) => {
    const count = sums.get(word) ?? 0;
    return count === 0 ? [] : [say(t, `explain.count.${word}`, { count })];
  }).join(", ");
}
