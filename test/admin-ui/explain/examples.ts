import { IntlMessageFormat } from "intl-messageformat";
import type { ExplainedHop, ExplainedLeaf, ExplainedNode, Explanation, LeafState } from "../../../admin-ui/src/explain/explanation.ts";
import { explainWordsEn } from "../../../admin-ui/src/explain/words.en.ts";
import type { Translate } from "../../../admin-ui/src/explain/words.ts";
import { ANSWERS } from "../../../src/resolve/ends.ts";

/** As the panel does it: ICU, no markup in messages. A key without a word is an error. */
export function translator(words: Readonly<Record<string, string>>, language: string): Translate {
  const formats = new Map<string, IntlMessageFormat>();
  return (key, values) => {
    const word = words[key];
    if (word === undefined) throw new Error(`no word for ${key}`);
    const format = formats.get(key) ?? new IntlMessageFormat(word, language, undefined, { ignoreTag: true });
    formats.set(key, format);
    return String(format.format(values));
  };
}

export const en = translator(explainWordsEn, "en");

export const AS_OF = "2026-09-01T12:00:00.000Z";

const PLAIN = {
  owner: null,
  posting: null,
  starts_at: null,
  own_copy: null,
  may_leave: null,
  excluded: 0,
  expires_at: null,
  ldap: null,
} as const;

type Target = {
  readonly to: string;
  readonly reason?: ExplainedHop["reason"];
  readonly end?: LeafState;
  readonly leaf?: Partial<ExplainedLeaf>;
  readonly node?: Partial<ExplainedNode>;
};

/** An answer as the server would give it, from the targets of each address; a target without `end` goes on with its own. */
export function explanation(
  address: string,
  targets: Readonly<Record<string, readonly Target[]>>,
  root: Partial<ExplainedNode> = {},
): Explanation {
  const nodes: ExplainedNode[] = [{ id: 0, address, kind: "alias", ...PLAIN, ...root }];
  const hops: ExplainedHop[] = [];
  const leaves: ExplainedLeaf[] = [];
  const waiting: { id: number; path: readonly string[] }[] = [{ id: 0, path: [address] }];
  for (let from = waiting.shift(); from !== undefined; from = waiting.shift()) {
    for (const { to, reason = "alias", end, leaf, node } of targets[nodes[from.id]?.address ?? ""] ?? []) {
      const id = nodes.length;
      nodes.push({ id, address: to, kind: end === undefined ? "alias" : "mailbox", ...PLAIN, ...node });
      hops.push({ id: hops.length, from: from.id, to: id, reason });
      const path = [...from.path, to];
      if (end === undefined) waiting.push({ id, path });
      else leaves.push({ ...leafOf(end, id, hops.length - 1, path), ...leaf });
    }
  }
  return answer(address, nodes, hops, leaves);
}

export function answer(
  address: string,
  nodes: readonly ExplainedNode[],
  hops: readonly ExplainedHop[],
  leaves: readonly ExplainedLeaf[],
): Explanation {
  const counts: Record<string, number> = { paths: leaves.length };
  for (const { state } of leaves) counts[state] = (counts[state] ?? 0) + 1;
  return {
    address,
    from: null,
    as_of: AS_OF,
    verdict: { kind: "accepted", code: 250, enhanced_status: "2.1.5", text: "Recipient OK" },
    counts,
    nodes,
    hops,
    leaves,
    warnings: [],
  };
}

function leafOf(state: LeafState, node: number, hop: number, path: readonly string[]): ExplainedLeaf {
  const { code, enhancedStatus } = ANSWERS[state];
  const next_hop = state === "delivers" ? "mx:" : null;
  return {
    node,
    hop,
    state,
    code,
    enhanced_status: enhancedStatus,
    detail: null,
    final_recipient: null,
    path_taken: path,
    next_hop,
    reverse_path: null,
  };
}

/** A list of so many members; those in `dead` are unknown. */
export function wideList(members: number, dead: ReadonlySet<number> = new Set()): Explanation {
  const targets = Array.from(
    { length: members },
    (_, index): Target => ({
      to: `member${index}@campus.test`,
      reason: "member",
      end: dead.has(index) ? "unknown" : "delivers",
    }),
  );
  return explanation("all@campus.test", { "all@campus.test": targets }, { kind: "list" });
}
