import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { ExplainTree } from "../../../admin-ui/src/explain/ExplainTree.tsx";
import type { Explanation } from "../../../admin-ui/src/explain/explanation.ts";
import { shownTree } from "../../../admin-ui/src/explain/folding.ts";
import { moveOf, rowsOf } from "../../../admin-ui/src/explain/rows.ts";
import { treeOf } from "../../../admin-ui/src/explain/tree.ts";
import { en, explanation, wideList } from "./examples.ts";
import { HOSTILE, hostileExplanation } from "./hostile.ts";

const NONE: ReadonlySet<string> = new Set();
const help = explanation("help@x.test", {
  "help@x.test": [
    { to: "ana@x.test", reason: "member" },
    { to: "gone@x.test", end: "unknown" },
  ],
  "ana@x.test": [
    { to: "ana@mbx.test", end: "delivers" },
    { to: "b@mbx.test", end: "delivers" },
  ],
});
const markup = (answer: Explanation, draft?: Explanation, toggled = NONE): string =>
  renderToStaticMarkup(
    createElement(ExplainTree, { explanation: answer, draft, toggled, selected: null, t: en, onToggled: () => {}, onSelect: () => {} }),
  );

describe("the rows of the text twin", () => {
  const rows = rowsOf(shownTree(treeOf(help), NONE));

  it("have level, position and state as ARIA counts them", () => {
    expect(rows.map(({ id, level, position, siblings, isExpanded }) => [id, level, position, siblings, isExpanded])).toEqual([
      ["root", 1, 1, 1, true],
      ["h0", 2, 1, 2, true],
      ["h2", 3, 1, 2, null],
      ["h3", 3, 2, 2, null],
      ["h1", 2, 2, 2, null],
    ]);
  });

  it("move, open, fold and select by the keys of a tree, and leave all other keys alone", () => {
    const move = (active: string, key: string, of = rows) => {
      const to = moveOf(of, active, key);
      return to === null ? null : `${to.kind} ${to.id}`;
    };
    expect(move("root", "ArrowDown")).toBe("focus h0");
    expect(move("h1", "ArrowDown")).toBe("focus h1");
    expect(move("root", "ArrowUp")).toBe("focus root");
    expect(move("h0", "ArrowRight")).toBe("focus h2");
    expect(move("h2", "ArrowRight")).toBe("focus h2");
    expect(move("h3", "ArrowLeft")).toBe("focus h0");
    expect(move("h0", "ArrowLeft")).toBe("toggle h0");
    expect([move("h2", "Home"), move("h2", "End")]).toEqual(["focus root", "focus h1"]);
    expect([move("h2", "Enter"), move("h2", " ")]).toEqual(["select h2", "select h2"]);
    expect([move("h2", "n"), move("h2", "Tab"), move("h2", "PageDown")]).toEqual([null, null, null]);
    const folded = rowsOf(shownTree(treeOf(help), new Set(["h0"])));
    expect(move("h0", "ArrowRight", folded)).toBe("toggle h0");
    expect(move("gone", "ArrowDown", folded)).toBe("focus h0");
    const wide = rowsOf(shownTree(treeOf(wideList(30)), NONE));
    expect([move("fold:root:0", "Enter", wide), move("fold:root:0", "ArrowRight", wide)]).toEqual([
      "toggle fold:root:0",
      "toggle fold:root:0",
    ]);
  });
});

describe("the text twin", () => {
  it("is one tree that Tab enters at one row", () => {
    const html = markup(help);
    expect(html.match(/role="tree"/g)).toHaveLength(1);
    expect(html.match(/role="treeitem"/g)).toHaveLength(5);
    expect(html.match(/tabindex="0"/gi)).toHaveLength(1);
    expect(html).toMatch(/aria-level="2" aria-posinset="1" aria-setsize="2" aria-expanded="true"/);
    expect(html).toContain("ana@x.test  &lt;-- member");
    expect(html).toContain("DEAD END no such address (5.1.1)");
  });

  it("says added and removed in words beside the signs", () => {
    const html = markup(wideList(1), wideList(2, new Set([0])));
    for (const word of [">−</span>", ">removed<", ">+</span>", ">added<"]) expect(html).toContain(word);
  });

  it("shows hostile addresses as text, with what nobody could see written out", () => {
    const html = markup(hostileExplanation());
    const tags = new Set([...html.matchAll(/<(\w+)/g)].map(([, name]) => name));
    expect([...tags].sort()).toEqual(["bdi", "div", "p", "path", "span", "svg"]);
    expect(html).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    const text = html
      .replace(/<[^>]*>/g, "\n")
      .replace(/&lt;/g, "<")
      .replace(/&gt;/g, ">")
      .replace(/&quot;/g, '"')
      .replace(/&#x27;/g, "'")
      .replace(/&amp;/g, "&");
    for (const { shown } of HOSTILE) expect(text).toContain(shown);
  });
});
