/** What of a tree is on the screen. One set of ids says what the reader has toggled: a branch in it is folded, a fold in it is open. */
import { type Branch, isTrouble } from "./tree.ts";

export type Toggled = ReadonlySet<string>;

export type ShownBranch = {
  readonly kind: "branch";
  readonly id: string;
  readonly branch: Branch;
  readonly isOpen: boolean;
  readonly items: readonly Shown[];
};
/** Stands for siblings that all deliver and that no draft changes. It keeps its place when it is open; those it stood for follow it. */
export type ShownFold = {
  readonly kind: "fold";
  readonly id: string;
  readonly isOpen: boolean;
  readonly folded: readonly Branch[];
  readonly items: readonly [];
};
export type Shown = ShownBranch | ShownFold;

/** Siblings that are shown in any case, as in `mailroom explain`. */
export const SIBLINGS = 20;
/** Siblings that one fold opens at a time, so that a list of 60,000 cannot stop the page. */
const STEP = 500;

export function shownTree(branch: Branch, toggled: Toggled): ShownBranch {
  const isOpen = !toggled.has(branch.id);
  return { kind: "branch", id: branch.id, branch, isOpen, items: isOpen ? itemsOf(branch, toggled) : [] };
}

function itemsOf({ id, children }: Branch, toggled: Toggled): readonly Shown[] {
  const { kept, rest } = split(children);
  const items: Shown[] = kept.map((child) => shownTree(child, toggled));
  for (let start = 0; start < rest.length; start += STEP) {
    const fold = { kind: "fold", id: `fold:${id}:${start / STEP}`, items: [] } as const;
    const isOpen = toggled.has(fold.id);
    items.push({ ...fold, isOpen, folded: isOpen ? rest.slice(start, start + STEP) : rest.slice(start) });
    if (!isOpen) break;
    items.push(...rest.slice(start, start + STEP).map((child) => shownTree(child, toggled)));
  }
  return items;
}

/** A branch in which anything fails, or which the draft changes, is never folded away. */
function split(children: readonly Branch[]): { readonly kept: readonly Branch[]; readonly rest: readonly Branch[] } {
  const isKept = (child: Branch, position: number) => position < SIBLINGS || child.troubles > 0 || child.changes > 0;
  return { kept: children.filter(isKept), rest: children.filter((child, position) => !isKept(child, position)) };
}

/** Leaves by state, of all that a fold stands for. */
export function countsOf(folded: readonly Branch[]): Record<string, number> {
  const counts: Record<string, number> = {};
  const waiting = [...folded];
  for (let branch = waiting.pop(); branch !== undefined; branch = waiting.pop()) {
    for (const { leaf, sign } of branch.ends) if (sign !== "removed") counts[leaf.state] = (counts[leaf.state] ?? 0) + 1;
    for (const child of branch.children) waiting.push(child);
  }
  return counts;
}

export function toggle(toggled: Toggled, id: string): Toggled {
  const next = new Set(toggled);
  if (!next.delete(id)) next.add(id);
  return next;
}

/** With everything above the branch open. */
export function revealing(toggled: Toggled, branch: Branch): Toggled {
  const next = new Set(toggled);
  for (let above = branch.parent; above !== null; above = above.parent) next.delete(above.id);
  return next.size === toggled.size ? toggled : next;
}

/** All branches with an end that fails, from top to bottom. */
export function troublesOf(root: Branch): readonly Branch[] {
  const found: Branch[] = [];
  const visit = (branch: Branch): void => {
    if (branch.troubles === 0) return;
    if (branch.ends.some(({ leaf, sign }) => sign !== "removed" && isTrouble(leaf))) found.push(branch);
    for (const child of branch.children) visit(child);
  };
  visit(root);
  return found;
}

/** The dead end after (1) or before (-1) the selected branch; past the last comes the first. Null: there is none. */
export function stepTo(troubles: readonly Branch[], selected: Branch | null, direction: 1 | -1): Branch | null {
  const from = selected?.order ?? (direction === 1 ? -1 : Number.POSITIVE_INFINITY);
  const next = direction === 1 ? troubles.find(({ order }) => order > from) : troubles.findLast(({ order }) => order < from);
  return next ?? (direction === 1 ? troubles[0] : troubles.at(-1)) ?? null;
}

/** Null: no branch has this id (any more). */
export function branchOf(root: Branch, id: string | null): Branch | null {
  const waiting = [root];
  for (let branch = waiting.pop(); branch !== undefined; branch = waiting.pop()) {
    if (branch.id === id) return branch;
    for (const child of branch.children) waiting.push(child);
  }
  return null;
}
