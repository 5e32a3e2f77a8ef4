/** An explanation as a tree: every hop is followed by its end, or by the hops of the node it leads to. With a draft: both trees laid over each other. */
import type { ExplainedHop, ExplainedLeaf, ExplainedNode, Explanation, HopReason } from "./explanation.ts";

/** `added`: only in the draft; `removed`: only without it. */
export type Sign = "same" | "added" | "removed";

export type End = { readonly leaf: ExplainedLeaf; readonly sign: Sign };

export type Branch = {
  /** Stays the same while the explanation does: `root`, `h` or (only in the draft) `d` with the number of the hop. */
  readonly id: string;
  readonly node: ExplainedNode;
  /** Why mail goes here; null: the asked address. */
  readonly reason: HopReason | null;
  readonly parent: Branch | null;
  readonly sign: Sign;
  /** None: it goes on with `children`. Two: the draft ends it another way. */
  readonly ends: readonly End[];
  readonly children: readonly Branch[];
  /** Its place when the whole tree is read from top to bottom. */
  readonly order: number;
  /** Of the whole branch: ways, those that reach nobody or not now, and what the draft changes. */
  readonly paths: number;
  readonly troubles: number;
  readonly changes: number;
};

type Growing = { -readonly [Key in keyof Branch]: Branch[Key] } & { children: Growing[]; parent: Growing | null };

/** `draft`: the same address with an unsaved change. */
export function treeOf(now: Explanation, draft?: Explanation): Branch {
  return new Grower(now, draft).root();
}

/** Refused, or not answered now. */
export const isTrouble = ({ code }: ExplainedLeaf): boolean => code !== 250;

class Side {
  readonly #nodes: readonly ExplainedNode[];
  readonly #hopsFrom = new Map<number, ExplainedHop[]>();
  readonly #leafOf = new Map<number | null, ExplainedLeaf>();
  readonly #followed = new Set<number>();
  readonly #asked: string;

  constructor({ address, nodes, hops, leaves }: Explanation) {
    this.#asked = address;
    this.#nodes = nodes;
    for (const hop of hops) {
      const siblings = this.#hopsFrom.get(hop.from);
      if (siblings === undefined) this.#hopsFrom.set(hop.from, [hop]);
      else siblings.push(hop);
    }
    for (const leaf of leaves) this.#leafOf.set(leaf.hop, leaf);
  }

  start(): Visit {
    const node = this.#nodes[0];
    if (node !== undefined) return this.#visit(node, null);
    return { node: { ...NOBODY, address: this.#asked }, hop: null, leaf: NOT_LOOKED_UP, hops: [] };
  }

  /** Null: an answer that names no such node. */
  to(hop: ExplainedHop): Visit | null {
    const node = this.#nodes[hop.to];
    return node === undefined ? null : this.#visit(node, hop);
  }

  #visit(node: ExplainedNode, hop: ExplainedHop | null): Visit {
    const leaf = this.#leafOf.get(hop?.id ?? null) ?? null;
    if (leaf !== null || this.#followed.has(node.id)) return { node, hop, leaf, hops: [] }; // a node is followed once, whatever the answer says: no answer hangs the page
    this.#followed.add(node.id);
    return { node, hop, leaf, hops: this.#hopsFrom.get(node.id) ?? [] };
  }
}

type Visit = {
  readonly node: ExplainedNode;
  readonly hop: ExplainedHop | null;
  readonly leaf: ExplainedLeaf | null;
  readonly hops: readonly ExplainedHop[];
};
type Pair = { readonly now: Visit | null; readonly draft: Visit | null };

class Grower {
  readonly #now: Side;
  readonly #draft: Side | null;
  #order = 0;

  constructor(now: Explanation, draft: Explanation | undefined) {
    this.#now = new Side(now);
    this.#draft = draft === undefined ? null : new Side(draft);
  }

  root(): Branch {
    return this.#grow({ now: this.#now.start(), draft: this.#draft?.start() ?? null }, null) as Branch;
  }

  #grow({ now, draft }: Pair, parent: Growing | null): Growing | null {
    const visit = now ?? draft;
    if (visit === null) return null;
    const sign = this.#draft === null || (now !== null && draft !== null) ? "same" : now === null ? "added" : "removed";
    const branch: Growing = {
      id: visit.hop === null ? "root" : `${now === null ? "d" : "h"}${visit.hop.id}`,
      node: (draft ?? visit).node,
      reason: visit.hop?.reason ?? null,
      parent,
      sign,
      ends: this.#ends(now?.leaf ?? null, draft?.leaf ?? null, sign),
      children: [],
      order: this.#order++,
      paths: 0,
      troubles: 0,
      changes: 0,
    };
    branch.paths = branch.ends.length;
    branch.troubles = branch.ends.filter((end) => end.sign !== "removed" && isTrouble(end.leaf)).length;
    branch.changes = sign !== "same" || branch.ends.some((end) => end.sign !== "same") ? 1 : 0;
    for (const pair of this.#pairs(now, draft)) {
      const child = this.#grow(pair, branch);
      if (child === null) continue;
      branch.children.push(child);
      branch.paths += child.paths;
      branch.troubles += child.troubles;
      branch.changes += child.changes;
    }
    return branch;
  }

  #ends(now: ExplainedLeaf | null, draft: ExplainedLeaf | null, sign: Sign): readonly End[] {
    if (sign !== "same" || this.#draft === null) return [now ?? draft].flatMap((leaf) => (leaf === null ? [] : [{ leaf, sign }]));
    if (now !== null && draft !== null && isSameEnd(now, draft)) return [{ leaf: draft, sign }];
    return [
      ...(now === null ? [] : [{ leaf: now, sign: "removed" as const }]),
      ...(draft === null ? [] : [{ leaf: draft, sign: "added" as const }]),
    ];
  }

  /** Targets with the same address for the same reason belong together; what only the draft has comes last. */
  #pairs(now: Visit | null, draft: Visit | null): readonly Pair[] {
    const inDraft = new Map<string, Visit[]>();
    for (const hop of draft?.hops ?? []) {
      const visit = this.#draft?.to(hop);
      if (visit) inDraft.set(keyOf(visit), [...(inDraft.get(keyOf(visit)) ?? []), visit]);
    }
    const pairs: Pair[] = [];
    for (const hop of now?.hops ?? []) {
      const visit = this.#now.to(hop);
      if (visit !== null) pairs.push({ now: visit, draft: inDraft.get(keyOf(visit))?.shift() ?? null });
    }
    for (const visits of inDraft.values()) pairs.push(...visits.map((visit) => ({ now: null, draft: visit })));
    return pairs;
  }
}

const keyOf = ({ node, hop }: Visit): string => `${hop?.reason} ${node.address}`;

const isSameEnd = (one: ExplainedLeaf, other: ExplainedLeaf): boolean =>
  one.state === other.state && one.detail === other.detail && one.next_hop === other.next_hop && one.reverse_path === other.reverse_path;

const NOBODY: ExplainedNode = {
  id: -1,
  address: "",
  kind: "unasked",
  owner: null,
  posting: null,
  starts_at: null,
  own_copy: null,
  may_leave: null,
  excluded: 0,
  expires_at: null,
  ldap: null,
};
/** An answer without any node: nothing could be looked up. */
const NOT_LOOKED_UP: ExplainedLeaf = {
  node: -1,
  hop: null,
  state: "lookupFailed",
  code: 451,
  enhanced_status: "4.3.0",
  detail: null,
  final_recipient: null,
  path_taken: [],
  next_hop: null,
  reverse_path: null,
};
