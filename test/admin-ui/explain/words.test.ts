import fc from "fast-check";
import { IntlMessageFormat } from "intl-messageformat";
import { describe, expect, it } from "vitest";
import { asText } from "../../../admin-ui/src/explain/as-text.ts";
import type { Explanation } from "../../../admin-ui/src/explain/explanation.ts";
import { kindText, leafText, meaningOf, reasonText, stateText } from "../../../admin-ui/src/explain/sentences.ts";
import { explainWordsDe } from "../../../admin-ui/src/explain/words.de.ts";
import { explainWordsEn } from "../../../admin-ui/src/explain/words.en.ts";
import { ANSWERS } from "../../../src/resolve/ends.ts";
import { explainText } from "../../../src/resolve/explain-text.ts";
import type { Explanation as Answer, ExplainedKind, LeafState } from "../../../src/resolve/explanation.ts";
import type { HopReason } from "../../../src/resolve/resolution.ts";
import { AS_OF, en, explanation, translator } from "./examples.ts";

/** The compiler proves here that the panel knows just the fields and words of the server. */
const toPanel = (answer: Answer): Explanation => answer;
const toServer = (answer: Explanation): Answer => answer;

const STATES = Object.keys(ANSWERS) as LeafState[];
const REASONS = Object.keys({
  alias: 1,
  member: 1,
  subaddress: 1,
  domainAlias: 1,
  catchAll: 1,
  moved: 1,
  bounces: 1,
  listOwner: 1,
  postmaster: 1,
  person: 1,
  groupMember: 1,
  filter: 1,
} satisfies Record<HopReason, 1>) as HopReason[];
const KINDS = Object.keys({
  alias: 1,
  list: 1,
  person: 1,
  group: 1,
  passed: 1,
  mailbox: 1,
  unknown: 1,
  expired: 1,
  off: 1,
  bad: 1,
  unasked: 1,
} satisfies Record<ExplainedKind, 1>) as ExplainedKind[];

const de = translator(explainWordsDe, "de");
const argumentsOf = (message: string): string[] => {
  const found = new Set<string>();
  const visit = (element: unknown): void => {
    if (Array.isArray(element)) element.forEach(visit);
    else if (typeof element === "object" && element !== null) {
      const { type, value, options } = element as { type: number; value?: string; options?: Record<string, { value: unknown }> };
      if (type !== 0 && typeof value === "string") found.add(value); // 0: plain text
      for (const option of Object.values(options ?? {})) visit(option.value);
    }
  };
  visit(new IntlMessageFormat(message, "en", undefined, { ignoreTag: true }).getAst());
  return [...found].sort();
};

describe("the words of Explain", () => {
  it("are the same set in German, with the same values", () => {
    expect(Object.keys(explainWordsDe)).toEqual(Object.keys(explainWordsEn));
    for (const [key, message] of Object.entries(explainWordsEn)) {
      const german = explainWordsDe[key as keyof typeof explainWordsEn];
      expect([key, argumentsOf(german)]).toEqual([key, argumentsOf(message)]);
      expect(german.trim()).not.toBe("");
    }
  });

  it("have a word and a plain sentence for every kind, reason and end", () => {
    for (const t of [en, de]) {
      const words = [
        ...KINDS.map((kind) => kindText(t, kind)),
        ...REASONS.map((reason) => reasonText(t, reason)),
        ...STATES.map((state) => stateText(t, state)),
      ];
      const sentences = [
        ...KINDS.map((kind) => meaningOf(t, kind, null, [])[0]),
        ...REASONS.map((reason) => meaningOf(t, "alias", reason, [])[1]),
        ...STATES.map((state) => meaningOf(t, "alias", null, [state])[1]),
      ];
      expect(words.filter((word) => word.length < 3)).toEqual([]);
      expect(sentences.filter((sentence) => sentence === undefined || !/^\p{Lu}.{15,}\.$/u.test(sentence))).toEqual([]);
      expect(new Set(STATES.map((state) => stateText(t, state))).size).toBe(STATES.length);
    }
  });

  it("say the code of an end that a newer server knows and this page does not", () => {
    const { leaves } = explanation("a@x.test", { "a@x.test": [{ to: "b@x.test", end: "unknown" }] });
    const strange = { ...leaves[0], state: "vacationing", detail: "until\u202e Monday" } as unknown as (typeof leaves)[number];
    expect(leafText(en, strange)).toBe("550 5.1.1: until\\u{202e} Monday");
    expect(stateText(en, strange.state)).toBe("Another end");
    expect(meaningOf(en, "mailbox", "alias", [strange.state])).toHaveLength(3);
    expect(stateText(en, "toString" as LeafState)).toBe("Another end");
  });
});

describe("the English text of a tree", () => {
  /** Without the exit status, which only a program has. */
  const printed = (answer: Explanation): string =>
    explainText(toServer(answer))
      .replace(/ +exit \d$/, "")
      .trimEnd();

  const moment = fc.constantFrom(null, "2026-03-01T00:00:00.000Z", "2026-03-01T18:30:00.000Z", "2026-03-01T18:30:05.250Z");
  const hostile = fc.constantFrom("ann@x.test", "<b>", "a\u202eb", "\u0000", "");
  const ldap = fc.record({
    source: fc.constant("campus"),
    dn: hostile,
    answered_at: fc.constantFrom(AS_OF, "2026-09-01T11:00:00.000Z", "2026-09-01T12:00:05.000Z"),
    stale: fc.constantFrom(null, "no answer"),
    shadowed: fc.constantFrom([], ["other", "third"]),
  });
  const facts = fc.record({
    kind: fc.constantFrom(...KINDS),
    owner: fc.constantFrom(null, "it@x.test"),
    posting: fc.constantFrom(null, "anyone", "moderated", "named", "members"),
    starts_at: moment,
    own_copy: fc.constantFrom(null, true, false),
    may_leave: fc.constantFrom(null, true, false),
    excluded: fc.constantFrom(0, 1, 1204),
    expires_at: moment,
    ldap: fc.option(ldap),
  });
  /** Of an address that means nothing there is nothing in any directory. */
  const NEVER_LDAP: readonly ExplainedKind[] = ["passed", "bad", "unasked"];
  const node = facts.map((one) => (NEVER_LDAP.includes(one.kind) ? { ...one, ldap: null } : one));
  const anyTarget = fc.record({
    to: fc.constantFrom("a@x.test", "b@x.test", "c@x.test", "<i>\u2066@x.test"),
    reason: fc.constantFrom(...REASONS),
    end: fc.constantFrom(...STATES),
    leaf: fc.record({
      detail: fc.option(hostile),
      next_hop: fc.option(fc.constant("lmtp://store:24")),
      reverse_path: fc.constantFrom(null, "<>", "l-bounces@x.test"),
    }),
    node,
  });
  /** The detail of these is a day that the server wrote. */
  const target = anyTarget.map((one) =>
    (one.end === "expired" || one.end === "notYet") && one.leaf.detail !== null
      ? { ...one, leaf: { ...one.leaf, detail: "2026-01-31" } }
      : one,
  );
  const inner = target.map(({ to, reason, node: facts }, index = 0) => ({ to: `sub${index}-${to}`, reason, node: facts }));

  it("is word for word what mailroom explain prints", () => {
    fc.assert(
      fc.property(
        node,
        fc.array(fc.oneof({ weight: 9, arbitrary: target }, inner), { maxLength: 50 }),
        fc.array(target, { maxLength: 30 }),
        (root, first, second) => {
          const below = Object.fromEntries(first.filter((one) => !("end" in one)).map(({ to }) => [to, second]));
          const answer = explanation("all@x.test", { "all@x.test": first, ...below }, root);
          expect(asText(toPanel(toServer(answer)), en).trimEnd()).toBe(printed(answer));
        },
      ),
      { numRuns: 300 },
    );
  });

  it("tells what a client is told, the notes, and a wide list", () => {
    const answer = explanation("all@x.test", {
      "all@x.test": Array.from({ length: 2500 }, (_, index) => ({
        to: `m${index}@x.test`,
        end: index === 2400 ? ("loop" as const) : ("delivers" as const),
      })),
    });
    const refused = {
      ...answer,
      verdict: { kind: "refused", code: 550, enhanced_status: "5.1.1", text: "No such address here" },
      warnings: ["the directory is slow"],
    };
    expect(asText(refused, en)).toBe(printed(refused));
    expect(asText(refused, en)).toContain("+ 2,479 more, none of which fails");
    const nothing = { ...answer, nodes: [], hops: [], leaves: [], counts: { paths: 0 } };
    expect(
      asText(nothing, en)
        .replace(/^all@x.test/, "")
        .trimEnd(),
    ).toBe(printed(nothing));
  });

  it("is German in German", () => {
    const answer = explanation(
      "all@x.test",
      { "all@x.test": [{ to: "a@x.test", reason: "member", end: "expired", leaf: { detail: "2026-01-31" } }] },
      { kind: "list", owner: "it@x.test" },
    );
    expect(asText(answer, de)).toBe(
      "all@x.test  Liste, verantwortlich it@x.test\n└─ a@x.test  <-- Mitglied  SACKGASSE abgelaufen am 2026-01-31 (5.1.1)\n1 Weg: 1 Sackgasse",
    );
  });
});
