/** The text twin as rows of an ARIA tree, and what its keys do (WAI-ARIA Authoring Practices, tree view). */
import type { Shown, ShownBranch } from "./folding.ts";

export type Row = {
  readonly id: string;
  readonly shown: Shown;
  /** From 1, as `aria-level` counts. */
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  /** Null: nothing to open. */
  readonly isExpanded: boolean | null;
  readonly parent: string | null;
};

export function rowsOf(root: ShownBranch): readonly Row[] {
  const rows: Row[] = [];
  const add = (shown: Shown, level: number, position: number, siblings: number, parent: string | null): void => {
    const canOpen = shown.kind === "branch" && shown.branch.children.length > 0;
    rows.push({ id: shown.id, shown, level, position, siblings, isExpanded: canOpen ? shown.isOpen : null, parent });
    for (const [index, item] of shown.items.entries()) add(item, level + 1, index + 1, shown.items.length, shown.id);
  };
  add(root, 1, 1, 1, null);
  return rows;
}

export type Move = { readonly kind: "focus" | "toggle" | "select"; readonly id: string };

/** Null: not a key of the tree, so it keeps its other meaning. A fold is opened and closed by Enter and Space. */
export function moveOf(rows: readonly Row[], active: string, key: string): Move | null {
  const index = Math.max(
    0,
    rows.findIndex(({ id }) => id === active),
  );
  const row = rows[index];
  if (row === undefined) return null;
  const focus = (to: Row | undefined): Move => ({ kind: "focus", id: (to ?? row).id });
  switch (key) {
    case "ArrowDown":
      return focus(rows[index + 1]);
    case "ArrowUp":
      return focus(rows[index - 1]);
    case "Home":
      return focus(rows[0]);
    case "End":
      return focus(rows.at(-1));
    case "ArrowRight":
      if (isClosed(row)) return { kind: "toggle", id: row.id };
      return focus(row.isExpanded ? rows[index + 1] : row);
    case "ArrowLeft":
      if (row.isExpanded) return { kind: "toggle", id: row.id };
      return focus(rows.find(({ id }) => id === row.parent));
    case "Enter":
    case " ":
      return { kind: row.shown.kind === "fold" ? "toggle" : "select", id: row.id };
    default:
      return null;
  }
}

const isClosed = ({ isExpanded, shown }: Row): boolean => isExpanded === false || (shown.kind === "fold" && !shown.isOpen);
