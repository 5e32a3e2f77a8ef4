/** What the picture and its text twin share: the same answer, the same folds, the same selected node, the same steps through what fails. */
import { type KeyboardEvent, useMemo, useState } from "react";
import type { Explanation } from "./explanation.ts";
import { branchOf, revealing, type ShownBranch, shownTree, stepTo, type Toggled, troublesOf } from "./folding.ts";
import { leafText } from "./sentences.ts";
import { type Branch, isTrouble, treeOf } from "./tree.ts";
import { printable, say, type Translate } from "./words.ts";

export type ExplainViewProps = {
  readonly explanation: Explanation;
  /** The same address with an unsaved change: what differs gets + and − signs. */
  readonly draft?: Explanation | undefined;
  /** Kept by the page, so that the picture and its twin show the same. Begin with an empty set. */
  readonly toggled: Toggled;
  readonly onToggled: (toggled: Toggled) => void;
  /** The id of a branch (`Branch.id`), which a link may hold; null: none. An id that is not there any more selects nothing. */
  readonly selected: string | null;
  readonly onSelect: (id: string | null, branch: Branch | null) => void;
  readonly t: Translate;
  /** The reader has turned single keys off (WCAG 2.1.4). */
  readonly areKeysOff?: boolean;
};

export type ExplainView = {
  readonly root: Branch;
  readonly shown: ShownBranch;
  readonly selectedBranch: Branch | null;
  readonly troubles: readonly Branch[];
  /** What was stepped to last, in words for a live region; empty before the first step. */
  readonly announced: string;
  readonly step: (direction: 1 | -1) => void;
  /** `n` and `p`, while the focus is inside. */
  readonly onStepKey: (event: KeyboardEvent) => void;
};

export function useExplainView(props: ExplainViewProps): ExplainView {
  const { explanation, draft, toggled, onToggled, selected, onSelect, t, areKeysOff = false } = props;
  const root = useMemo(() => treeOf(explanation, draft), [explanation, draft]);
  const shown = useMemo(() => shownTree(root, toggled), [root, toggled]);
  const troubles = useMemo(() => troublesOf(root), [root]);
  const selectedBranch = useMemo(() => (selected === null ? null : branchOf(root, selected)), [root, selected]);
  const [announced, setAnnounced] = useState("");

  const step = (direction: 1 | -1): void => {
    const next = stepTo(troubles, selectedBranch, direction);
    if (next === null) return;
    const above = revealing(toggled, next);
    if (above !== toggled) onToggled(above);
    onSelect(next.id, next);
    setAnnounced(troubleText(t, next, troubles.indexOf(next) + 1, troubles.length));
  };
  const onStepKey = (event: KeyboardEvent): void => {
    if (areKeysOff || event.ctrlKey || event.metaKey || event.altKey || (event.key !== "n" && event.key !== "p")) return;
    event.preventDefault();
    event.stopPropagation();
    step(event.key === "n" ? 1 : -1);
  };
  return { root, shown, selectedBranch, troubles, announced, step, onStepKey };
}

/** `2 of 5: old@campus.test, DEAD END switched off (5.1.1)`. */
function troubleText(t: Translate, { node, ends }: Branch, index: number, count: number): string {
  const why = ends.flatMap(({ leaf, sign }) => (sign !== "removed" && isTrouble(leaf) ? [leafText(t, leaf)] : [])).join("; ");
  return say(t, "explain.troubles.at", { index, count, address: printable(node.address), why });
}
