import { describe, expect, it } from "vitest";
import { shownTree } from "../../../admin-ui/src/explain/folding.ts";
import { layoutOf, type PlacedNode } from "../../../admin-ui/src/explain/layout.ts";
import { shortened, textWidth } from "../../../admin-ui/src/explain/text-width.ts";
import { treeOf } from "../../../admin-ui/src/explain/tree.ts";
import { AS_OF, en, explanation, wideList } from "./examples.ts";

const NONE: ReadonlySet<string> = new Set();
const overlap = (one: PlacedNode, other: PlacedNode): boolean =>
  one.x < other.x + other.width && other.x < one.x + one.width && one.y < other.y + other.height && other.y < one.y + one.height;

describe("the picture", () => {
  const picture = layoutOf(
    shownTree(
      treeOf(
        explanation("help@x.test", {
          "help@x.test": [
            { to: "ana@x.test" },
            { to: "desk@x.test", reason: "listOwner" },
            { to: "held@x.test", end: "held", leaf: { detail: "moderated" } },
          ],
          "ana@x.test": [{ to: "ana@mbx.test", end: "delivers" }],
          "desk@x.test": Array.from({ length: 40 }, (_, index) => ({
            to: `d${index}@x.test`,
            end: index % 2 === 0 ? ("unknown" as const) : ("delivers" as const),
          })),
        }),
      ),
      NONE,
    ),
    en,
    AS_OF,
  );

  it("puts no box on another, each step into its own column, and all of it inside", () => {
    const { nodes, width, height } = picture;
    for (const [index, one] of nodes.entries()) {
      expect(nodes.slice(index + 1).filter((other) => overlap(one, other))).toEqual([]);
      expect(one.x >= 0 && one.y >= 0 && one.x + one.width <= width && one.y + one.height <= height).toBe(true);
    }
    const left = (id: string) => nodes.find((node) => node.id === id)?.x ?? 0;
    expect(left("root")).toBe(0);
    expect(left("h0")).toBe(left("h1"));
    expect(left("h3")).toBeGreaterThan(left("h0"));
  });

  it("leads an edge to every node but the first, with its reason in words between the boxes", () => {
    const { nodes, edges } = picture;
    expect(edges.map(({ to }) => to).sort()).toEqual(
      nodes
        .map(({ id }) => id)
        .filter((id) => id !== "root")
        .sort(),
    );
    const edge = edges.find(({ to }) => to === "h1");
    expect(edge?.label).toBe("answers for the list");
    const from = nodes.find(({ id }) => id === edge?.from);
    const to = nodes.find(({ id }) => id === edge?.to);
    if (edge === undefined || from === undefined || to === undefined) throw new Error("no edge");
    expect(edge.labelX).toBeGreaterThan(from.x + from.width);
    expect(edge.labelX + textWidth(edge.label, 11)).toBeLessThanOrEqual(to.x);
  });

  it("shortens a long address in the middle, so that its domain can be read", () => {
    const long = `${"x".repeat(5000)}@campus.test`;
    const short = shortened(long, 200, 13);
    expect(short).toMatch(/^x+…x*@campus\.test$/);
    expect(textWidth(short, 13)).toBeLessThanOrEqual(200);
    expect(shortened("ana@x.test", 200, 13)).toBe("ana@x.test");
    const widest = layoutOf(
      shownTree(treeOf(explanation("all@x.test", { "all@x.test": [{ to: long, end: "delivers" }] })), NONE),
      en,
      AS_OF,
    );
    expect(widest.width).toBeLessThan(900);
    expect(Array.from(shortened("\u0301".repeat(4000) + "😀".repeat(100), 50, 13)).length).toBeLessThan(500);
  });

  it("is one box when there is one", () => {
    const { nodes, edges } = layoutOf(shownTree(treeOf(wideList(0)), new Set(["root"])), en, AS_OF);
    expect([nodes.length, edges.length]).toEqual([1, 0]);
    expect(nodes[0]).toMatchObject({ x: 0, y: 0 });
  });
});
