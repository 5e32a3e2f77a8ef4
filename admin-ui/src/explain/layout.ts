/** Where everything stands: a tidy tree from left to right, one column for each step. In CSS pixels; the corner at the top left is 0, 0. */
import { type HierarchyPointNode, hierarchy, tree } from "d3-hierarchy";
import type { Shown } from "./folding.ts";
import { type Label, labelOf } from "./label.ts";
import { shortened, textWidth, wrapped } from "./text-width.ts";
import type { Sign } from "./tree.ts";
import type { Translate } from "./words.ts";

export type PlacedNode = {
  readonly id: string;
  readonly shown: Shown;
  readonly label: Label;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};
/** `path`: of an SVG. The label stands above the last level part, from `labelX`, its baseline at `labelY`. */
export type PlacedEdge = {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  readonly label: string;
  readonly sign: Sign;
  readonly path: string;
  readonly labelX: number;
  readonly labelY: number;
};
export type Layout = {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
};

/** In a box: of text, and around it. */
export const TITLE_SIZE = 13;
export const LINE_SIZE = 11;
export const PADDING = 8;
export const ICON = 16;
/** From one line to the next. */
export const LINE_HEIGHT = 16;
/** A sentence takes so many lines at most. */
const LINES = 3;
const WIDTH = { least: 130, most: 320 };
/** Between columns stands the label of the edge. */
const GAP = { least: 72, most: 280 };
const BETWEEN = 10;
/** From the right side of a box to where its edges part: the button that folds it stands there. */
const STEM = 36;

const heightOf = ({ lines }: Label): number => 2 * PADDING + 18 + lines.length * LINE_HEIGHT;
const bounded = ({ least, most }: { least: number; most: number }, width: number): number => Math.min(most, Math.max(least, width));

/** The room that the text of a line has in a box, beside its shape. */
export const roomOf = (width: number): number => width - 2 * PADDING - ICON - 6;

/** `asOf`: when the server answered. */
export function layoutOf(root: Shown, t: Translate, asOf: string): Layout {
  const labels = new Map<string, Label>();
  const start = hierarchy<Shown>(root, ({ items }) => [...items]).each(({ data }) => labels.set(data.id, fitted(labelOf(t, data, asOf))));
  const labelFor = ({ data }: { data: Shown }): Label => labels.get(data.id) ?? fitted(labelOf(t, data, asOf));
  const placed = tree<Shown>()
    .nodeSize([1, 1]) // so that the separation is in pixels
    .separation(
      (one, other) => (heightOf(labelFor(one)) + heightOf(labelFor(other))) / 2 + (one.parent === other.parent ? BETWEEN : 2 * BETWEEN),
    )(start);
  const columns = columnsOf(placed, labelFor);
  let top = Number.POSITIVE_INFINITY;
  let bottom = 0;
  placed.each((at) => {
    top = Math.min(top, at.x - heightOf(labelFor(at)) / 2);
    bottom = Math.max(bottom, at.x + heightOf(labelFor(at)) / 2);
  });
  const nodes = new Map<string, PlacedNode>();
  const edges: PlacedEdge[] = [];
  placed.each((at) => {
    const label = labelFor(at);
    const { x, width } = columns[at.depth] ?? { x: 0, width: 0 };
    const height = heightOf(label);
    const node = { id: at.data.id, shown: at.data, label, x, y: at.x - height / 2 - top, width, height };
    nodes.set(node.id, node);
    const from = at.parent === null ? undefined : nodes.get(at.parent.data.id);
    if (from !== undefined) edges.push(edgeBetween(from, node));
  });
  const last = columns.at(-1);
  return { nodes: [...nodes.values()], edges, width: (last?.x ?? 0) + (last?.width ?? 0), height: bottom - top };
}

/** No line longer than the widest box. */
function fitted(label: Label): Label {
  const room = roomOf(WIDTH.most);
  const lines = label.lines.flatMap((line) => {
    const [first = "", ...more] = wrapped(line.text, line.sign === "same" ? room : room - ICON, LINE_SIZE, LINES);
    return [{ ...line, text: first }, ...more.map((text) => ({ text, tone: null, sign: "same" as const }))];
  });
  return { ...label, lines };
}

type Column = { readonly x: number; readonly width: number };

/** A column is as wide as its widest box; before it is room for the longest reason. */
function columnsOf(placed: HierarchyPointNode<Shown>, labelFor: (at: { data: Shown }) => Label): readonly Column[] {
  const widths: { box: number; reason: number }[] = [];
  placed.each((at) => {
    const { title, lines, reason } = labelFor(at);
    const widest = widths[at.depth] ?? { box: 0, reason: 0 };
    widths[at.depth] = widest;
    const text = Math.max(
      textWidth(title, TITLE_SIZE),
      ...lines.map((one) => textWidth(one.text, LINE_SIZE) + (one.sign === "same" ? 0 : ICON)),
    );
    widest.box = Math.max(widest.box, text);
    widest.reason = Math.max(widest.reason, textWidth(reason, LINE_SIZE));
  });
  const columns: Column[] = [];
  let x = 0;
  for (const [depth, { box, reason }] of widths.entries()) {
    if (depth > 0) x += bounded(GAP, reason + STEM + 16);
    const width = Math.ceil(bounded(WIDTH, box + 2 * PADDING + ICON + 10));
    columns.push({ x: Math.ceil(x), width });
    x = Math.ceil(x) + width;
  }
  return columns;
}

function edgeBetween(from: PlacedNode, to: PlacedNode): PlacedEdge {
  const [startX, startY, endX, endY] = [from.x + from.width, from.y + from.height / 2, to.x, to.y + to.height / 2];
  const bend = startX + STEM;
  return {
    id: `to:${to.id}`,
    from: from.id,
    to: to.id,
    label: shortened(to.label.reason, endX - bend - 8, LINE_SIZE),
    sign: to.label.sign,
    path: `M${round(startX)} ${round(startY)}H${round(bend)}V${round(endY)}H${round(endX)}`,
    labelX: round(bend + 6),
    labelY: round(endY - 5),
  };
}

const round = (pixels: number): number => Math.round(pixels * 10) / 10;
