/** The picture as a file that stands alone: light colours, text as text, its legend inside, nothing loaded from elsewhere. */
import type { Explanation } from "./explanation.ts";
import { shownTree, type Toggled } from "./folding.ts";
import type { LabelLine } from "./label.ts";
import { ICON, LINE_HEIGHT, LINE_SIZE, layoutOf, PADDING, type PlacedEdge, type PlacedNode, roomOf, TITLE_SIZE } from "./layout.ts";
import { countsText } from "./sentences.ts";
import { KIND_ICONS, TONE_SHAPES, TONES, type Tone } from "./shapes.ts";
import { SIGN_MARKS } from "./signs.ts";
import { shortened, textWidth } from "./text-width.ts";
import { type Sign, treeOf } from "./tree.ts";
import { printable, say, type Translate } from "./words.ts";

/** Each at least 4.5 : 1 on white. */
const INK = "#212529";
const FAINT = "#5c6370";
const TONE_INK: Readonly<Record<Tone, string>> = { delivers: "#1b6e35", aside: FAINT, waits: "#8a4b00", deadEnd: "#c92a2a" };
const SIGN_INK: Readonly<Record<Sign, string>> = { same: INK, added: "#1b6e35", removed: "#c92a2a" };

const MARGIN = 24;
const HEAD = 64;
const LEGEND_ROW = 22;

export type Svg = { readonly text: string; readonly width: number; readonly height: number };

/** What the page shows now; `toggled` as on the page. `width` and `height` in CSS pixels. */
export function svgOf(explanation: Explanation, draft: Explanation | undefined, toggled: Toggled, t: Translate): Svg {
  const asOf = explanation.as_of;
  const { nodes, edges, width, height } = layoutOf(shownTree(treeOf(explanation, draft), toggled), t, asOf);
  const title = say(t, "explain.export.title", { address: explanation.address });
  const below = `${say(t, "explain.export.asOf", { moment: asOf })} · ${countsText(t, (draft ?? explanation).counts)}`;
  const legend = legendOf(t, draft !== undefined);
  const all = {
    width: Math.ceil(Math.max(width, textWidth(below, TITLE_SIZE), Math.min(900, textWidth(title, 16)), legend.width) + 2 * MARGIN),
    height: Math.ceil(HEAD + height + MARGIN + legend.height + MARGIN),
  };
  const text = [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${all.width}" height="${all.height}" viewBox="0 0 ${all.width} ${all.height}" role="img" font-family="system-ui, 'Segoe UI', Roboto, 'Noto Sans', sans-serif" direction="ltr">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    words(shortened(title, all.width - 2 * MARGIN, 16), MARGIN, 28, 16, INK, "bold"),
    words(below, MARGIN, 48, TITLE_SIZE, FAINT),
    `<g transform="translate(${MARGIN} ${HEAD})">`,
    ...edges.map(edgeSvg),
    ...nodes.map(nodeSvg),
    "</g>",
    `<g transform="translate(${MARGIN} ${HEAD + Math.ceil(height) + MARGIN})">`,
    legend.text,
    "</g>",
    "</svg>",
  ].join("\n");
  return { text, ...all };
}

function edgeSvg({ path, label, labelX, labelY, sign }: PlacedEdge): string {
  const dash = sign === "removed" ? ' stroke-dasharray="2 3"' : "";
  return `<path d="${path}" fill="none" stroke="${sign === "same" ? "#868e96" : SIGN_INK[sign]}" stroke-width="1.2"${dash}/>${words(label, labelX, labelY, LINE_SIZE, FAINT)}`;
}

function nodeSvg({ shown, label, x, y, width, height }: PlacedNode): string {
  const isDead = label.tone === "deadEnd";
  const ink = isDead ? TONE_INK.deadEnd : label.sign === "same" ? "#868e96" : SIGN_INK[label.sign];
  const dash = isDead ? ' stroke-dasharray="6 4"' : shown.kind === "fold" ? ' stroke-dasharray="1 3"' : "";
  const icon = shown.kind === "fold" ? "" : drawn(KIND_ICONS[shown.branch.node.kind] ?? "", PADDING, PADDING, INK);
  const room = roomOf(width);
  const left = PADDING + ICON + 6;
  return [
    `<g transform="translate(${round(x)} ${round(y)})"><title>${escaped(label.hint)}</title>`,
    `<rect width="${width}" height="${height}" rx="6" fill="#ffffff" stroke="${ink}" stroke-width="${isDead ? 2 : 1.2}"${dash}/>${icon}`,
    words(shortened(label.title, room, TITLE_SIZE), left, PADDING + 13, TITLE_SIZE, INK, "600"),
    ...label.lines.map((line, index) => lineSvg(line, left, PADDING + 18 + index * LINE_HEIGHT, room)),
    ...(label.sign === "same" ? [] : [signSvg(label.sign, width)]),
    "</g>",
  ].join("");
}

function lineSvg({ text, tone, sign }: LabelLine, left: number, top: number, room: number): string {
  const ink = tone === null ? FAINT : TONE_INK[tone];
  const shape = tone === null ? "" : drawn(TONE_SHAPES[tone], PADDING, top, ink);
  const signed = sign === "same" ? text : `${SIGN_MARKS[sign]} ${text}`;
  return `${shape}${words(shortened(signed, room, LINE_SIZE), left, top + 12, LINE_SIZE, ink, tone === null ? "normal" : "600")}`;
}

/** On the upper right corner of the box. */
const signSvg = (sign: Sign, width: number): string =>
  `<circle cx="${width}" cy="0" r="9" fill="${SIGN_INK[sign]}"/><text x="${width}" y="5" font-size="15" font-weight="bold" text-anchor="middle" fill="#ffffff">${SIGN_MARKS[sign]}</text>`;

function legendOf(t: Translate, isCompared: boolean): { readonly text: string; readonly width: number; readonly height: number } {
  const rows = [
    ...TONES.map((tone) => [drawn(TONE_SHAPES[tone], 0, 3, TONE_INK[tone]), say(t, `explain.legend.${tone}`)] as const),
    ...(isCompared ? [["", say(t, "explain.legend.added")] as const, ["", say(t, "explain.legend.removed")] as const] : []),
  ];
  const text = rows.map(
    ([shape, word], index) =>
      `<g transform="translate(0 ${(index + 1) * LEGEND_ROW})">${shape}${words(word, ICON + 8, 15, LINE_SIZE + 1, INK)}</g>`,
  );
  return {
    text: [words(say(t, "explain.legend"), 0, 15, TITLE_SIZE, INK, "bold"), ...text].join("\n"),
    width: Math.max(...rows.map(([, word]) => textWidth(word, LINE_SIZE + 1))) + ICON + 8,
    height: (rows.length + 1) * LEGEND_ROW,
  };
}

const drawn = (path: string, x: number, y: number, ink: string): string =>
  `<path d="${path}" transform="translate(${x} ${y})" fill="none" stroke="${ink}" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"/>`;

const words = (text: string, x: number, y: number, size: number, ink: string, weight = "normal"): string =>
  text === ""
    ? ""
    : `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" fill="${ink}" unicode-bidi="isolate">${escaped(text)}</text>`;

/** Text for XML 1.0: what it may not hold, or what nobody could see, is written out. */
const escaped = (text: string): string => printable(text).replace(/[<>&"']/g, (letter) => `&#${letter.charCodeAt(0)};`);

const round = (pixels: number): number => Math.round(pixels * 10) / 10;
