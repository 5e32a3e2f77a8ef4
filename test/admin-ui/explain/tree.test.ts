import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { branchOf, countsOf, revealing, type Shown, shownTree, stepTo, toggle, troublesOf } from "../../../admin-ui/src/explain/folding.ts";
import { foldText } from "../../../admin-ui/src/explain/label.ts";
import { layoutOf } from "../../../admin-ui/src/explain/layout.ts";
import { type Branch, treeOf } from "../../../admin-ui/src/explain/tree.ts";
import { AS_OF, answer, en, explanation, wideList } from "./examples.ts";

const NONE: ReadonlySet<string> = new Set();

/** `address [state…] sign`, indented. */
function drawn(branch: Branch, indent = ""): string[] {
  const ends = branch.ends.map(({ leaf, sign }) => ` ${sign === "same" ? "" : `${sign} `}${leaf.state}`).join(",");
  const own = `${indent}${branch.node.address}${ends}${branch.sign === "same" ? "" : ` (${branch.sign})`}`;
  return [own, ...branch.children.flatMap((child) => drawn(child, `${indent}  `))];
}

const titles = (items: readonly Shown[]): string[] =>
  items.map((item) => (item.kind === "fold" ? foldText(en, item) : item.branch.node.address));

describe("the tree of an explanation", () => {
  const help = explanation("help@x.test", {
    "help@x.test": [{ to: "ana@x.test" }, { to: "desk@x.test" }, { to: "gone@x.test", end: "unknown" }],
    "ana@x.test": [{ to: "ana@mbx.test", end: "delivers" }],
    "desk@x.test": [
      { to: "ana@x.test", end: "duplicate" },
      { to: "help@x.test", end: "loop" },
    ],
  });

  it("follows each hop by its end, or by what its target leads to", () => {
    const root = treeOf(help);
    expect(drawn(root)).toEqual([
      "help@x.test",
      "  ana@x.test",
      "    ana@mbx.test delivers",
      "  desk@x.test",
      "    ana@x.test duplicate",
      "    help@x.test loop",
      "  gone@x.test unknown",
    ]);
    expect(root).toMatchObject({ paths: 4, troubles: 2, changes: 0 });
  });

  it("is one node when the asked address itself ends the way, and says so when nothing could be asked", () => {
    const node = { ...help.nodes[0], id: 0, kind: "unknown" as const } as (typeof help.nodes)[number];
    const leaf = { ...help.leaves.find(({ state }) => state === "unknown"), node: 0, hop: null } as (typeof help.leaves)[number];
    expect(drawn(treeOf(answer("help@x.test", [node], [], [leaf])))).toEqual(["help@x.test unknown"]);
    expect(drawn(treeOf(answer("help@x.test", [], [], [])))).toEqual(["help@x.test lookupFailed"]);
  });

  it("ends on an answer that leads round in circles or to nodes that are not there", () => {
    const [root, ana] = help.nodes as [(typeof help.nodes)[number], (typeof help.nodes)[number]];
    const hops = [
      { id: 0, from: 0, to: 1, reason: "alias" as const },
      { id: 1, from: 1, to: 0, reason: "alias" as const },
      { id: 2, from: 1, to: 99, reason: "alias" as const },
    ];
    expect(drawn(treeOf(answer("help@x.test", [root, ana], hops, [])))).toEqual(["help@x.test", "  ana@x.test", "    help@x.test"]);
  });

  it("folds siblings beyond 20, but never what fails, and says what is folded", () => {
    const root = treeOf(wideList(1230, new Set([3, 700, 1229])));
    const shown = shownTree(root, NONE);
    expect(shown.items).toHaveLength(23);
    expect(titles(shown.items).slice(19)).toEqual([
      "member19@campus.test",
      "member700@campus.test",
      "member1229@campus.test",
      "+ 1,208 more (1,208 deliver)",
    ]);
  });

  it("does not fold a sibling behind which something fails", () => {
    const members = Array.from({ length: 30 }, (_, index) => ({
      to: `a${index}@x.test`,
      ...(index === 25 ? {} : { end: "delivers" as const }),
    }));
    const root = treeOf(
      explanation("all@x.test", {
        "all@x.test": members,
        "a25@x.test": [
          { to: "no@x.test", end: "unknown" },
          { to: "b@x.test", end: "delivers" },
        ],
      }),
    );
    expect(titles(shownTree(root, NONE).items).slice(20)).toEqual(["a25@x.test", "+ 9 more (9 deliver)"]);
  });

  it("opens a fold in steps and folds it again, each in its place", () => {
    const root = treeOf(wideList(1230));
    let toggled = toggle(NONE, "fold:root:0");
    let items = shownTree(root, toggled).items;
    expect(items).toHaveLength(20 + 1 + 500 + 1);
    expect(titles([items[20], items[21], items[521]] as Shown[])).toEqual([
      "Show fewer: fold 500 again",
      "member20@campus.test",
      "+ 710 more (710 deliver)",
    ]);
    toggled = toggle(toggle(toggled, "fold:root:1"), "fold:root:2");
    items = shownTree(root, toggled).items;
    expect(items.filter(({ kind }) => kind === "branch")).toHaveLength(1230);
    expect(shownTree(root, toggle(toggled, "fold:root:0")).items).toHaveLength(21);
  });

  it("shows every leaf exactly once or counts it in a fold, whatever the tree", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 90 }),
        fc.array(fc.integer({ min: 0, max: 89 })),
        fc.array(fc.constantFrom("fold:root:0", "root", "h7")),
        (members, dead, toggles) => {
          const root = treeOf(wideList(members, new Set(dead)));
          const { items, isOpen } = shownTree(root, new Set(toggles));
          const shown = items.filter(({ kind }) => kind === "branch").length;
          const folded = items.flatMap((item) => (item.kind === "fold" && !item.isOpen ? Object.values(countsOf(item.folded)) : []));
          if (isOpen) expect(shown + folded.reduce((sum, count) => sum + count, 0)).toBe(members);
          const failing = items.filter((item) => item.kind === "branch" && item.branch.troubles > 0).length;
          if (isOpen) expect(failing).toBe(root.troubles);
        },
      ),
    );
  });

  it("steps through what fails, round and round, and opens what is above it", () => {
    const root = treeOf(help);
    const troubles = troublesOf(root);
    expect(troubles.map(({ node }) => node.address)).toEqual(["help@x.test", "gone@x.test"]);
    const first = stepTo(troubles, null, 1);
    const second = stepTo(troubles, first, 1);
    expect([first, second]).toEqual(troubles);
    expect(stepTo(troubles, second, 1)).toBe(first);
    expect(stepTo(troubles, null, -1)).toBe(second);
    expect(stepTo(troubles, branchOf(root, "h1"), 1)).toBe(first);
    expect(stepTo([], null, 1)).toBeNull();
    if (first === null) throw new Error("no dead end");
    expect([...revealing(new Set(["h1", "h0", "root"]), first)]).toEqual(["h0"]);
    expect(branchOf(root, "h99")).toBeNull();
  });
});

describe("two explanations laid over each other", () => {
  it("mark what only one of them has, and an end that became another", () => {
    const now = explanation("help@x.test", {
      "help@x.test": [{ to: "ana@x.test" }, { to: "bob@mbx.test", end: "delivers" }, { to: "eve@x.test", end: "unknown" }],
      "ana@x.test": [{ to: "ana@mbx.test", end: "delivers" }],
    });
    const draft = explanation("help@x.test", {
      "help@x.test": [{ to: "new@x.test" }, { to: "ana@x.test" }, { to: "eve@x.test", end: "delivers" }],
      "ana@x.test": [{ to: "ana@mbx.test", end: "delivers" }],
      "new@x.test": [{ to: "ana@mbx.test", end: "duplicate" }],
    });
    const root = treeOf(now, draft);
    expect(drawn(root)).toEqual([
      "help@x.test",
      "  ana@x.test",
      "    ana@mbx.test delivers",
      "  bob@mbx.test removed delivers (removed)",
      "  eve@x.test removed unknown, added delivers",
      "  new@x.test (added)",
      "    ana@mbx.test added duplicate (added)",
    ]);
    expect(root).toMatchObject({ troubles: 0, changes: 4 });
    const ids = new Set<string>();
    const visit = ({ id, children }: Branch): void => {
      expect(ids.has(id)).toBe(false);
      ids.add(id);
      children.forEach(visit);
    };
    visit(root);
    expect(drawn(treeOf(now, now))).toEqual(drawn(treeOf(now)));
  });

  it("never fold away what changes", () => {
    const root = treeOf(wideList(100), wideList(101));
    expect(titles(shownTree(root, NONE).items).slice(20)).toEqual(["member100@campus.test", "+ 80 more (80 deliver)"]);
  });
});

describe("10,000 leaves", () => {
  const wide = wideList(10_000, new Set(Array.from({ length: 50 }, (_, index) => index * 199)));

  /** Milliseconds of processor time: beside other suites the clock on the wall says little. */
  function worked(work: () => void): number {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  }

  it("are a tree and a picture in under 200 ms", () => {
    const times = Array.from({ length: 8 }, () =>
      worked(() => {
        const { nodes } = layoutOf(shownTree(treeOf(wide), NONE), en, AS_OF);
        expect(nodes.length).toBe(1 + 20 + 49 + 1);
      }),
    );
    console.log(`tree and picture of 10,000 leaves: ${times.map((time) => time.toFixed(1)).join(", ")} ms`);
    expect(Math.min(...times)).toBeLessThan(200);
  });

  it("are a picture when all of them are dead ends, which cannot be folded, in reasonable time", () => {
    const dead = wideList(10_000, new Set(Array(10_000).keys()));
    const time = worked(() => expect(layoutOf(shownTree(treeOf(dead), NONE), en, AS_OF).nodes.length).toBe(10_001));
    console.log(`picture of 10,000 dead ends: ${time.toFixed(0)} ms`);
    expect(time).toBeLessThan(3000);
  });
});
