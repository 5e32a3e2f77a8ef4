import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { citationsIn, compareSections } from "../../scripts/rfc-citations.ts";

const texts = (source: string) => citationsIn(source).map(({ rfc, section }) => `${rfc} ${section}`.trim());

describe("RFC citations", () => {
  it.each([
    ["// RFC 5321 §4.1.1.2: the path", ["5321 4.1.1.2"]],
    ["// RFC 5321 §4.5.3.1.8: at least 100; §4.5.3.1.10: beyond it 452", ["5321 4.5.3.1.8", "5321 4.5.3.1.10"]],
    ["/** RFC 5321 §2.3.11, and\n *  never for the null one (§4.5.5). */", ["5321 2.3.11", "5321 4.5.5"]],
    ["// RFC 3463", ["3463"]],
    ["// RFC 3463, RFC 2034 §4", ["3463", "2034 4"]],
    ["/** Standards: RFC 5321, 1870 and 6531. */", ["5321", "1870", "6531"]],
    ["// RFC 5321 and 6531 §3.4", ["5321", "6531 3.4"]],
    ["const a = 1; // RFC 1870 §4\nconst b = 2;", ["1870 4"]],
    ["const nothing = 5321;", []],
  ])("are read from %j", (source, expected) => expect(texts(source)).toEqual(expected));

  it("need an RFC for each section", () => {
    expect(() => citationsIn("// RFC 5321 §4\nconst x = 1;\n// and §5")).toThrow("§ without an RFC: // and §5");
  });

  it("are ordered as in a table of contents", () => {
    expect(["4.10", "4.2", "", "4.2.1", "3"].sort(compareSections)).toEqual(["", "3", "4.2", "4.2.1", "4.10"]);
  });

  it("of src/ are those of docs/rfc.md", () => {
    const sources = readdirSync("src", { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const cited = sources.flatMap((name) => texts(readFileSync(join("src", name), "utf8")).map((citation) => `${name}: ${citation}`));
    expect(cited.length).toBeGreaterThan(5);
    expect(listedIn(readFileSync("docs/rfc.md", "utf8")).sort()).toEqual([...new Set(cited)].sort());
  });
});

/** What docs/rfc.md says, as `folder/file.ts: 5321 4.1.1.2`. */
function listedIn(page: string): string[] {
  return page.split(/^## RFC /m).flatMap((chapter) => {
    const rfc = Number.parseInt(chapter, 10);
    const rows = [...chapter.matchAll(/^\| (?:as a whole|§(?<section>[\d.]+)) \| (?<links>.*) \|$/gm)];
    return rows.flatMap(({ groups }) =>
      [...(groups?.["links"] ?? "").matchAll(/\(\.\.\/src\/([^)]+)\)/g)].map(([, file]) =>
        `${file}: ${rfc} ${groups?.["section"] ?? ""}`.trim(),
      ),
    );
  });
}
