/** The text twin of the picture: the same tree in the same words, for the keyboard, for screen readers and for whoever prefers to read. */
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import { headText } from "./as-text.ts";
import { toggle } from "./folding.ts";
import { collapsedText, foldText } from "./label.ts";
import { moveOf, type Row, rowsOf } from "./rows.ts";
import { Shape } from "./Shape.tsx";
import { leafText } from "./sentences.ts";
import { TONE_SHAPES, toneOf } from "./shapes.ts";
import { SIGN_MARKS } from "./signs.ts";
import { type End, isTrouble, type Sign } from "./tree.ts";
import { type ExplainViewProps, useExplainView } from "./view.ts";
import { printable, say, type Translate } from "./words.ts";
import "./explain.css";

/** Arrows move and open only while the tree has the focus; one row at a time can be reached by Tab. */
export function ExplainTree(props: ExplainViewProps): ReactNode {
  const { explanation, toggled, onToggled, selected, onSelect, t } = props;
  const { shown, announced, onStepKey } = useExplainView(props);
  const rows = useMemo(() => rowsOf(shown), [shown]);
  const [focused, setFocused] = useState<string | null>(null);
  const active = rows.find(({ id }) => id === (focused ?? selected)) ?? rows.find(({ id }) => id === selected) ?? rows[0];
  const list = useRef<HTMLDivElement>(null);

  /** Where the focus is in the tree it follows the selected node, whoever selected it. */
  useEffect(() => {
    setFocused(selected);
    if (selected !== null && list.current?.contains(document.activeElement)) itemOf(list.current, selected)?.focus();
  }, [selected]);

  const act = (kind: "focus" | "toggle" | "select", row: Row): void => {
    setFocused(row.id);
    if (kind === "toggle") onToggled(toggle(toggled, row.id));
    if (kind === "select") onSelect(row.id, row.shown.kind === "branch" ? row.shown.branch : null);
    if (list.current !== null) itemOf(list.current, row.id)?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey || active === undefined) return;
    const move = moveOf(rows, active.id, event.key);
    const row = rows.find(({ id }) => id === move?.id);
    if (move === null || row === undefined) {
      onStepKey(event);
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    act(move.kind, row);
  };

  return (
    <div className="explain-twin">
      <div
        ref={list}
        role="tree"
        className="explain-tree"
        aria-label={say(t, "explain.tree.label", { address: explanation.address })}
        onKeyDown={onKeyDown}
      >
        {rows.map((row) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the tree takes the keys for all of its rows
          <div
            key={row.id}
            role="treeitem"
            data-id={row.id}
            className="explain-row"
            tabIndex={row.id === active?.id ? 0 : -1}
            aria-level={row.level}
            aria-posinset={row.position}
            aria-setsize={row.siblings}
            aria-expanded={row.isExpanded ?? undefined}
            aria-selected={row.id === selected}
            onClick={() => act(row.shown.kind === "fold" ? "toggle" : "select", row)}
            onFocus={() => setFocused(row.id)}
          >
            <RowText row={row} asOf={explanation.as_of} t={t} onToggle={() => act("toggle", row)} />
          </div>
        ))}
      </div>
      <p className="explain-hidden" aria-live="polite">
        {announced}
      </p>
    </div>
  );
}

const itemOf = (list: HTMLElement, id: string): HTMLElement | null => list.querySelector(`[data-id="${CSS.escape(id)}"]`);

type RowTextProps = { readonly row: Row; readonly asOf: string; readonly t: Translate; readonly onToggle: () => void };

function RowText({ row, asOf, t, onToggle }: RowTextProps): ReactNode {
  const indent = <span className="explain-indent" style={{ width: `${(row.level - 1) * 1.5}rem` }} />;
  if (row.shown.kind === "fold") {
    return (
      <>
        {indent}
        <span className="explain-twisty" />
        <bdi className="explain-fold">{foldText(t, row.shown)}</bdi>
      </>
    );
  }
  const { branch, isOpen } = row.shown;
  return (
    <>
      {indent}
      <Twisty isExpanded={row.isExpanded} onToggle={onToggle} />
      <SignMark sign={branch.sign} t={t} />
      <bdi className="explain-head">{headText(t, branch, asOf)}</bdi>
      {isOpen ? null : <span className="explain-faint">{collapsedText(t, branch)}</span>}
      {branch.ends.map((end) => (
        <EndText key={`${end.sign} ${end.leaf.state}`} end={end} isSigned={branch.sign === "same"} t={t} />
      ))}
    </>
  );
}

/** For the pointer only: the keyboard has the arrows, and a screen reader `aria-expanded`. */
function Twisty({ isExpanded, onToggle }: { readonly isExpanded: boolean | null; readonly onToggle: () => void }): ReactNode {
  if (isExpanded === null) return <span className="explain-twisty" />;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a button inside a tree item would be a second stop for the keyboard
    // biome-ignore lint/a11y/useKeyWithClickEvents: the arrow keys do the same on the row
    <span
      className="explain-twisty"
      aria-hidden="true"
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      <Shape path={isExpanded ? "M4 6l4 4 4-4" : "M6 4l4 4-4 4"} />
    </span>
  );
}

function EndText({
  end: { leaf, sign },
  isSigned,
  t,
}: {
  readonly end: End;
  readonly isSigned: boolean;
  readonly t: Translate;
}): ReactNode {
  return (
    <span className={`explain-end explain-${toneOf(leaf)}${isTrouble(leaf) ? " explain-trouble" : ""}`}>
      {isSigned ? <SignMark sign={sign} t={t} /> : null}
      <Shape path={TONE_SHAPES[toneOf(leaf)]} />
      <bdi>{printable(leafText(t, leaf))}</bdi>
    </span>
  );
}

function SignMark({ sign, t }: { readonly sign: Sign; readonly t: Translate }): ReactNode {
  if (sign === "same") return null;
  return (
    <span className={`explain-sign explain-${sign}`}>
      <span aria-hidden="true">{SIGN_MARKS[sign]}</span>
      <span className="explain-hidden">{say(t, `explain.sign.${sign}`)}</span>
    </span>
  );
}
