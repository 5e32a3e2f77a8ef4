import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, expect, it } from "vitest";
import { settingsList } from "../../src/config/settings.ts";

const pages = ["README.md", ...readdirSync("docs", { recursive: true, encoding: "utf8" }).map((name) => join("docs", name))].filter(
  (name) => name.endsWith(".md"),
);
const text = (page: string) => readFileSync(page, "utf8");
const scripts: Record<string, string> = JSON.parse(readFileSync("package.json", "utf8")).scripts;

/** Everything in `page` that `pattern` finds and `isKnown` does not know. */
const unknown = (pattern: RegExp, isKnown: (name: string, page: string) => boolean) =>
  pages.flatMap((page) =>
    [...text(page).matchAll(pattern)].filter(([, name = ""]) => !isKnown(name, page)).map(([whole]) => `${page}: ${whole}`),
  );

describe("the documentation", () => {
  it("names npm scripts that exist", () => expect(unknown(/npm run (?:--silent )?([\w-]+)/g, (name) => name in scripts)).toEqual([]));

  it("names files that exist; docs/queue.md may leave out that they are in queue/", () => {
    const places = (name: string, page: string) => [name, join("src", name), join("src", basename(page, ".md"), name)];
    expect(unknown(/`((?:[\w-]+\/)*[\w-]+\.ts)`/g, (name, page) => places(name, page).some((place) => existsSync(place)))).toEqual([]);
  });

  it("names settings that exist", () => {
    const families = [...new Set(Object.keys(settingsList).map((key) => key.split(".")[0]))].join("|");
    expect(unknown(new RegExp(`\`((?:${families})\\.(?!ts\`)[a-z_.]+)\``, "g"), (name) => name in settingsList)).toEqual([]);
  });

  it("lists every setting, and none besides", () => {
    const listed = [...text("docs/settings.md").matchAll(/^\| `([a-z_.]+)` \|/gm)].map((match) => String(match[1]));
    expect(listed.sort()).toEqual(Object.keys(settingsList).sort());
  });
});

describe("the relay decision", () => {
  it("fits on one screen", () => expect(readFileSync("src/receive/relay-decision.ts", "utf8").split("\n").length).toBeLessThan(100));
});
