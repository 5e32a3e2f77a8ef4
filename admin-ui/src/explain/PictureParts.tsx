/** A box and a line of the picture, from the layout alone: the exported file draws the same. */
import { type Node, type NodeProps, ViewportPortal } from "@xyflow/react";
import type { ReactNode } from "react";
import type { LabelLine } from "./label.ts";
import { LINE_SIZE, PADDING, type PlacedEdge, type PlacedNode, roomOf, TITLE_SIZE } from "./layout.ts";
import { Shape } from "./Shape.tsx";
import { KIND_ICONS, TONE_SHAPES } from "./shapes.ts";
import { SIGN_MARKS } from "./signs.ts";
import { shortened } from "./text-width.ts";
import type { Sign } from "./tree.ts";
import type { ExplainViewProps } from "./view.ts";
import { say } from "./words.ts";

export type PictureNodeData = {
  readonly placed: PlacedNode;
  /** The line that leads here; null: the asked address. */
  readonly edge: PlacedEdge | null;
  readonly isSelected: boolean;
  readonly t: ExplainViewProps["t"];
  readonly onSelect: ExplainViewProps["onSelect"];
  readonly onToggle: (id: string) => void;
};
export type FlowNode = Node<PictureNodeData, "address">;

export function PictureNode({ data }: NodeProps<FlowNode>): ReactNode {
  const { placed, edge, isSelected, t, onSelect, onToggle } = data;
  const { id, shown, label, width, height } = placed;
  const branch = shown.kind === "branch" ? shown.branch : null;
  const look = [shown.kind === "fold" ? "explain-box-fold" : "", `explain-box-${label.tone ?? "on"}`, `explain-box-${label.sign}`].join(
    " ",
  );
  return (
    <div className={`explain-box ${look}`} style={{ width, height, padding: PADDING }}>
      {edge === null || edge.label === "" ? null : (
        <span
          className="explain-reason"
          style={{ left: edge.labelX - placed.x, top: edge.labelY - placed.y - LINE_SIZE + 1, fontSize: LINE_SIZE }}
        >
          {edge.label}
        </span>
      )}
      <button
        type="button"
        className="explain-box-button nopan nodrag"
        title={label.hint}
        aria-pressed={branch === null ? undefined : isSelected}
        onClick={() => (branch === null ? onToggle(id) : onSelect(isSelected ? null : id, isSelected ? null : branch))}
      >
        <span className="explain-box-line explain-box-title" style={{ fontSize: TITLE_SIZE }}>
          {branch === null ? null : <Shape path={KIND_ICONS[branch.node.kind] ?? ""} />}
          <bdi>{shortened(label.title, roomOf(width), TITLE_SIZE)}</bdi>
        </span>
        {label.lines.map((line, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of a box have no other name, and never move
          <BoxLine key={index} line={line} width={width} />
        ))}
      </button>
      {branch !== null && branch.children.length > 0 ? (
        <button
          type="button"
          className="explain-box-toggle nopan nodrag"
          aria-expanded={shown.isOpen}
          aria-label={`${say(t, shown.isOpen ? "explain.close" : "explain.open")}: ${label.title}`}
          onClick={() => onToggle(id)}
        >
          {shown.isOpen ? "−" : "+"}
        </button>
      ) : null}
      {label.sign === "same" ? null : (
        <span className={`explain-box-sign explain-${label.sign}`} aria-hidden="true">
          {SIGN_MARKS[label.sign]}
        </span>
      )}
    </div>
  );
}

function BoxLine({ line: { text, tone, sign }, width }: { readonly line: LabelLine; readonly width: number }): ReactNode {
  const signed = sign === "same" ? text : `${SIGN_MARKS[sign]} ${text}`;
  return (
    <span className={`explain-box-line ${tone === null ? "explain-faint" : `explain-${tone}`}`} style={{ fontSize: LINE_SIZE }}>
      {tone === null ? <span className="explain-shape" /> : <Shape path={TONE_SHAPES[tone]} />}
      <bdi>{shortened(signed, roomOf(width), LINE_SIZE)}</bdi>
    </span>
  );
}

/** All lines, as one path for each sign: 10,000 of them cost what one does. They stand behind the boxes, and nobody grasps them. */
export const PictureLines = ({ edges }: { readonly edges: readonly PlacedEdge[] }): ReactNode => (
  <ViewportPortal>
    <svg className="explain-lines" width="1" height="1" aria-hidden="true" focusable="false">
      {SIGNS.map((sign) => (
        <path key={sign} className={`explain-line-${sign}`} d={edges.flatMap((edge) => (edge.sign === sign ? [edge.path] : [])).join("")} />
      ))}
    </svg>
  </ViewportPortal>
);

const SIGNS: readonly Sign[] = ["same", "removed", "added"];
