import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";

const files = execFileSync("git", ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  encoding: "utf8",
})
  .split("\0")
  .filter((name) => name !== "" && lstatSync(name, { throwIfNoEntry: false })?.isFile());

/** What belongs to one machine, one registry or one planning paper, and would mean nothing to a reader. In pieces, or this file would be found. */
const FOREIGN = new RegExp(
  [
    ["/wo", "rk/"],
    ["registry\\.", "npmjs"],
    ["deb\\.", "debian\\.org"],
    ["\\.\\./", "shared"],
    ["\\b(?:DESIGN|STYLE|LIBRARIES|FEATURES|PANEL)", "\\.md"],
    ["\\bTHR", "EATS\\b"],
  ]
    .map((pieces) => pieces.join(""))
    .join("|"),
);

describe("the repository", () => {
  it("names nothing that only its makers have", () => {
    const found = files.flatMap((name) =>
      readFileSync(name, "latin1")
        .split("\n")
        .flatMap((line, index) => (FOREIGN.test(line) ? [`${name}:${index + 1}: ${line.trim().slice(0, 120)}`] : [])),
    );
    expect(found).toEqual([]);
  });

  it("locks packages by their octets and names no host to get them from", () => {
    const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as {
      packages: Record<string, { resolved?: string; integrity?: string }>;
    };
    const locked = Object.entries(packages).filter(([path]) => path !== "");
    expect(locked.filter(([, entry]) => entry.resolved !== undefined)).toEqual([]);
    expect(locked.filter(([, entry]) => entry.integrity === undefined).map(([path]) => path)).toEqual([]);
  });

  it("has no broken link between its pages", () => {
    const broken = files
      .filter((name) => name.endsWith(".md"))
      .flatMap((page) =>
        [...readFileSync(page, "utf8").matchAll(/\]\((?!https?:|mailto:|#)([^)#]+)(?:#[^)]*)?\)/g)]
          .map((match) => join(dirname(page), match[1] ?? ""))
          .filter((target) => !existsSync(target))
          .map((target) => `${page} → ${target}`),
      );
    expect(broken).toEqual([]);
  });
});
