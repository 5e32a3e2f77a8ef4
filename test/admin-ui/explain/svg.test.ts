import { describe, expect, it } from "vitest";
import type { Explanation } from "../../../admin-ui/src/explain/explanation.ts";
import { svgOf } from "../../../admin-ui/src/explain/svg.ts";
import { explainWordsDe } from "../../../admin-ui/src/explain/words.de.ts";
import { en, explanation, translator, wideList } from "./examples.ts";
import { HOSTILE, hostileExplanation } from "./hostile.ts";

const NONE: ReadonlySet<string> = new Set();

type Parsed = {
  readonly tags: readonly string[];
  readonly attributes: readonly (readonly [string, string])[];
  readonly texts: readonly string[];
};

/** Strict: what is no tag of this form or text without `<` and `>`, what is not closed in its order, and any other reference than `&#number;` is an error. */
function parsed(xml: string): Parsed {
  const found = { tags: [] as string[], attributes: [] as [string, string][], texts: [] as string[] };
  const open: string[] = [];
  for (const piece of xml.split(/(<[^<>]*>)/)) {
    const tag = /^<(\/?)(\w+)((?: [\w:-]+="[^"<&]*")*)(\/?)>$/.exec(piece);
    if (tag === null) {
      if (/[<>]|&(?!#\d+;)/.test(piece)) throw new Error(`not well-formed: ${piece.slice(0, 200)}`);
      found.texts.push(decoded(piece));
      continue;
    }
    const [, end, name = "", attributes = "", alone] = tag;
    if (end !== "" && open.pop() !== name) throw new Error(`${name} is closed out of order`);
    if (end !== "") continue;
    found.tags.push(name);
    found.attributes.push(
      ...[...attributes.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, key = "", value = ""]): [string, string] => [key, value]),
    );
    if (alone === "") open.push(name);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(" ")}`);
  return found;
}

const decoded = (text: string): string => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)));

const textsOf = (xml: string): readonly string[] => parsed(xml).texts;

describe("the picture as a file", () => {
  const help = explanation("help@x.test", {
    "help@x.test": [
      { to: "ana@mbx.test", end: "delivers" },
      { to: "gone@x.test", reason: "member", end: "expired", leaf: { detail: "2026-01-31" } },
      { to: "slow@x.test", end: "lookupFailed" },
    ],
  });

  it("says in words and shapes where mail goes, why, and how each way ends, with the legend inside", () => {
    const { text, width, height } = svgOf(help, undefined, NONE, en);
    expect(textsOf(text)).toEqual(
      expect.arrayContaining([
        "Where mail for help@x.test goes",
        "As of 2026-09-01T12:00:00.000Z · 1 delivers, 1 dead end, 1 lookup failed",
        "ana@mbx.test",
        "Delivers",
        "mx:",
        "member",
        "DEAD END expired on 2026-01-31 (5.1.1)",
        "slow@x.test; mailbox; Lookup failed; LOOKUP FAILED; mail would wait (451), not bounce",
        "LOOKUP FAILED; mail would wait (451), not",
        "bounce",
        "Legend",
        "dead end: mail by this way reaches nobody",
      ]),
    );
    expect(text).toContain(`width="${width}" height="${height}"`);
    expect(text).toMatch(/stroke="#c92a2a" stroke-width="2" stroke-dasharray/);
    expect(textsOf(text)).not.toContain("+ added by the draft");
  });

  it("speaks the language of the reader", () => {
    const { text } = svgOf(help, undefined, NONE, translator(explainWordsDe, "de"));
    expect(textsOf(text)).toEqual(expect.arrayContaining(["Legende", "SACKGASSE abgelaufen am 2026-01-31 (5.1.1)", "Mitglied"]));
  });

  it("marks what the draft adds and removes with signs, and explains them", () => {
    const texts = textsOf(svgOf(wideList(2), wideList(3, new Set([0])), NONE, en).text);
    expect(texts).toEqual(
      expect.arrayContaining(["+", "− Delivers", "+ No such address", "+ added by the draft", "− removed by the draft"]),
    );
  });

  it("is well-formed, holds no markup but its own and refers to nothing, whatever the addresses are", () => {
    const { text } = svgOf(hostileExplanation(), hostileExplanation({ isDraft: true }), NONE, en);
    const { tags, attributes, texts } = parsed(text);
    expect([...new Set(tags)].sort()).toEqual(["circle", "g", "path", "rect", "svg", "text", "title"]);
    expect(attributes.filter(([name, value]) => /^on|href|style|src/i.test(name) || /url\(|script:/i.test(value))).toEqual([]);
    expect(text).not.toMatch(/[^\n\P{Cc}]|[\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    const whole = texts.join("\n");
    for (const { shown } of HOSTILE) expect(whole).toContain(shown);
    expect(text.length).toBeLessThan(400_000);
  });

  it("keeps a reason nobody may have written from being anything but text", () => {
    const evil: Explanation = { ...help, address: `"><script>alert(1)</script>`, as_of: "<b>now</b>" };
    expect(parsed(svgOf(evil, undefined, NONE, en).text).tags).not.toContain("script");
  });
});
