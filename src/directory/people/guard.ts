/** The directory guard: what a source suddenly no longer says is a fault of the source until a person says otherwise. Pure. */
import type { SourceEntry } from "./source.ts";

export type Loss = { readonly lost: readonly string[]; readonly known: number };

/** Shares that may vanish at once, and the number that always may: one member of five is not a disaster. */
const MOST_OF_A_SOURCE = 0.1;
const MOST_OF_A_GROUP = 0.2;
const FEW = 5;

/** Null: the members that are gone may be gone. */
export function lossOfGroup(before: SourceEntry, now: SourceEntry): Loss | null {
  const still = new Set(now.targets.map(({ key }) => key));
  const lost = before.targets.map(({ key }) => key).filter((key) => !still.has(key));
  const isEmptied = before.targets.length > 0 && now.targets.length === 0;
  return isEmptied || isTooMuch(lost.length, before.targets.length, MOST_OF_A_GROUP) ? { lost, known: before.targets.length } : null;
}

/** `lost`: addresses that the source knew and does not name any more, of `known`. */
export function lossOfSource(lost: readonly string[], known: number): Loss | null {
  const isEmptied = known > 0 && lost.length === known;
  return isEmptied || isTooMuch(lost.length, known, MOST_OF_A_SOURCE) ? { lost, known } : null;
}

const isTooMuch = (lost: number, known: number, share: number): boolean => lost > FEW && lost > known * share;
