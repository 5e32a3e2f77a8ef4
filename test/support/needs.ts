import { describe } from "vitest";
import { type Need, pathOf } from "./debian.ts";

/**
 * `needs("swaks")("mail by swaks", () => …)`: a describe that is skipped, and says why in its name, where a program is not installed.
 * `npm test` installs or names what is missing before it starts, counts what was skipped, and fails on it when CI is true.
 */
export function needs(...all: readonly Need[]): (name: string, tests: () => void) => void {
  const lacking = all.filter((need) => pathOf(need) === null);
  if (lacking.length === 0) return (name, tests) => describe(name, tests);
  return (name, tests) => describe.skip(`${name} (needs ${lacking.join(", ")})`, tests);
}
