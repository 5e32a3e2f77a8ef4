import type { Explanation } from "../../../admin-ui/src/explain/explanation.ts";
import { explanation } from "./examples.ts";

/** Addresses that a directory or an import may hold, and how a reader must see them. `shown`: a part that stays when the middle is cut out. */
export const HOSTILE: readonly { readonly address: string; readonly shown: string }[] = [
  { address: `<img src=x onerror=alert(1)>@x.test`, shown: "<img src=x onerror=alert(1)>" },
  { address: `"&<svg onload='x'>"@x.test`, shown: `"&<svg onload='x'>"` },
  { address: `]]><!--@x.test`, shown: "]]><!--@x.test" },
  { address: `a\u202egpj.exe@x.test`, shown: "a\\u{202e}gpj.exe@x.test" },
  { address: `b\u2066c\u2069@x.test`, shown: "b\\u{2066}c\\u{2069}@x.test" },
  { address: `nul\u0000esc\u001b[31m@x.test`, shown: "nul\\u{0}esc\\u{1b}[31m@x.test" },
  { address: `half\ud800@x.test`, shown: "half\\u{d800}@x.test" },
  { address: `line\u2028\r\nbreak@x.test`, shown: "line\\u{2028}\\u{d}\\u{a}break@x.test" },
  { address: `{count, plural, one {x}}@x.test`, shown: "{count, plural, one {x}}@x.test" },
  { address: `__proto__`, shown: "__proto__" },
  { address: `${"y".repeat(100_000)}@long.test`, shown: "y@long.test" },
];

/** All of them as nodes that go on, as leaves, and as all else that comes from outside. */
export function hostileExplanation({ isDraft = false } = {}): Explanation {
  const leaves = HOSTILE.map(({ address }, index) => ({
    to: `${index === 0 && isDraft ? "new" : ""}${address}`,
    end: index % 2 === 0 ? ("held" as const) : ("delivers" as const),
    leaf: { detail: address, next_hop: address, reverse_path: address },
  }));
  const evil = HOSTILE.map(({ address }) => address).join("");
  const facts = { owner: evil, posting: evil, expires_at: evil, starts_at: evil };
  const ldap = { source: evil, dn: evil, answered_at: evil, stale: evil, shadowed: [evil] };
  const root = `<b>${evil}`;
  return {
    ...explanation(
      root,
      {
        [root]: HOSTILE.slice(0, -1).map(({ address }) => ({ to: `${address} `, node: { kind: "list", ...facts } })),
        [`${HOSTILE[0]?.address} `]: leaves,
      },
      { kind: "person", ldap },
    ),
    warnings: [evil],
  };
}
