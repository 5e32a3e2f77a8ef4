/** What of a preview somebody may see. */
import type { Named, Preview } from "../actions/preview.ts";
import type { Scope } from "../actions/scope.ts";

/** Names outside of the scope are counted and not told, but for those in `known`: the ones the request named itself. */
export function previewWithin(preview: Preview, scope: Scope, known: ReadonlySet<string>): Preview {
  if (scope.everything) return preview;
  const isSeen = (address: string): boolean => {
    const key = address.toLowerCase();
    return known.has(key) || scope.owners.includes(key) || scope.domains.includes(key.slice(key.lastIndexOf("@") + 1));
  };
  const named = ({ count, first }: Named): Named => ({ count, first: first.filter(isSeen) });
  const ends = (all: Preview["breaks"]) => all.filter(({ address, from }) => isSeen(address) && (from === null || isSeen(from)));
  const { gain, lose, outside, breaks, mended } = preview;
  return { ...preview, gain: named(gain), lose: named(lose), outside: named(outside), breaks: ends(breaks), mended: ends(mended) };
}
