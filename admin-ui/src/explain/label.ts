/** What stands in the box of a node. */
import { countsOf, type Shown } from "./folding.ts";
import { aboutText, countsText, deliveryText, kindText, leafText, reasonText, stateText } from "./sentences.ts";
import { type Tone, toneOf } from "./shapes.ts";
import { type Branch, isTrouble, type Sign } from "./tree.ts";
import { printable, say, type Translate } from "./words.ts";

export type LabelLine = { readonly text: string; readonly tone: Tone | null; readonly sign: Sign };
export type Label = {
  /** The whole address, or what a fold says. Printable. */
  readonly title: string;
  readonly lines: readonly LabelLine[];
  readonly sign: Sign;
  /** Of the box: its worst end. Null: mail goes on from here. */
  readonly tone: Tone | null;
  /** The words of the hop that leads here; empty: none. */
  readonly reason: string;
  /** All of it, nothing cut: for the pointer, and for who cannot see the picture. */
  readonly hint: string;
};

/** `asOf`: when the server answered. */
export function labelOf(t: Translate, shown: Shown, asOf: string): Label {
  if (shown.kind === "fold") {
    const title = foldText(t, shown);
    return { title, lines: [], sign: "same", tone: null, reason: "", hint: title };
  }
  const { branch, isOpen } = shown;
  const { node, ends, sign, reason, children } = branch;
  const lines = [
    ...(children.length > 0 || ends.length === 0 ? [line(nodeText(t, branch, asOf), null, "same")] : []),
    ...(isOpen ? [] : [line(collapsedText(t, branch), branch.troubles > 0 ? "deadEnd" : null, "same")]),
    ...ends.flatMap(({ leaf, sign: endSign }) => {
      const tone = toneOf(leaf);
      const more = leaf.state === "delivers" ? deliveryText(t, leaf) : leaf.detail !== null || isTrouble(leaf) ? leafText(t, leaf) : "";
      const mark = sign === "same" ? endSign : "same"; // the box has the sign already
      return [line(stateText(t, leaf.state), tone, mark), ...(more === "" ? [] : [line(more, null, "same")])];
    }),
  ];
  const title = printable(node.address);
  const said = lines.map((one) => (one.sign === "same" ? one.text : `${say(t, `explain.sign.${one.sign}`)}: ${one.text}`));
  const marked = sign === "same" ? [] : [say(t, `explain.sign.${sign}`)];
  return {
    title,
    lines,
    sign,
    tone: toneOfAll(branch),
    reason: reason === null ? "" : reasonText(t, reason),
    hint: cut([title, ...marked, ...(children.length > 0 ? [] : [kindText(t, node.kind)]), ...said].join("; ")),
  };
}

const line = (text: string, tone: Tone | null, sign: Sign): LabelLine => ({ text, tone, sign });

/** `list, owner it@campus.test`. */
function nodeText(t: Translate, { node }: Branch, asOf: string): string {
  const about = aboutText(t, node, asOf);
  if (about === "" || node.ldap !== null || node.kind === "list") return about === "" ? kindText(t, node.kind) : about; // these begin with their kind
  return `${kindText(t, node.kind)}, ${about}`;
}

/** `+ 1,204 more (1,198 deliver, 6 duplicates)`. */
export function foldText(t: Translate, { isOpen, folded }: Extract<Shown, { kind: "fold" }>): string {
  if (isOpen) return say(t, "explain.fold.fewer", { count: folded.length });
  return say(t, "explain.fold.more", { count: folded.length, what: countsText(t, countsOf(folded)) });
}

/** `12 paths folded, 2 of them fail`. */
export function collapsedText(t: Translate, { paths, troubles }: Branch): string {
  const all = say(t, "explain.collapsed", { count: paths });
  return troubles === 0 ? all : `${all}, ${say(t, "explain.collapsed.troubles", { count: troubles })}`;
}

function toneOfAll({ ends }: Branch): Tone | null {
  const tones = ends.filter(({ sign }, _, all) => sign !== "removed" || all.length === 1).map(({ leaf }) => toneOf(leaf));
  return tones.includes("deadEnd") ? "deadEnd" : (tones[0] ?? null);
}

/** Nobody reads more of a hint; the text twin has all of it. */
const cut = (text: string): string => (text.length <= 1000 ? text : `${/^.{0,1000}/su.exec(text)?.[0] ?? ""}…`);
