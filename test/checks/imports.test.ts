import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capture } from "../../scripts/run.ts";

const table: Record<string, string[]> = createRequire(import.meta.url)("../../import-table.cjs");
const folders = readdirSync("src", { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();

const DEPCRUISE = ["node_modules/.bin/depcruise", "--no-progress", "--config", ".dependency-cruiser.cjs", "src", "test"];

describe("the folders of src/", () => {
  it("are the keys of the import table", () => expect(Object.keys(table).sort()).toEqual(folders));

  it("are the headings of docs/flow.md", () => {
    const headings = [...readFileSync("docs/flow.md", "utf8").matchAll(/^#+ `(\w+)\/`/gm)].map((match) => String(match[1]));
    expect(headings.sort()).toEqual(folders);
  });
});

/** A fault for each kind of rule, and the rule that must name it. */
const planted: readonly (readonly [rule: string, file: string, source: string])[] = [
  ["mail-imports", "src/mail/planted-a.ts", 'import "../db/client.ts";'],
  ["receive-imports", "src/receive/planted-b.ts", 'import type { X } from "../actions/planted-types.ts"; export type Y = X;'],
  ["deliver-imports", "src/deliver/planted-c.ts", 'import "../main.ts";'],
  ["no-circular", "src/resolve/planted-d.ts", 'import "./planted-e.ts";'],
  ["mail-does-no-io", "src/mail/planted-f.ts", 'import "node:fs";'],
  ["these-open-no-sockets", "src/queue/planted-g.ts", 'import "node:net";'],
  ["only-db-uses-pg", "src/queue/planted-h.ts", 'import "pg";'],
  ["queue-tables-belong-to-queue", "src/actions/planted-i.ts", 'import "../db/schema/queue.ts";'],
  ["relay-decision-is-pure", "src/receive/relay-decision.ts", 'import "../log/log.ts";'],
  ["src-never-imports-tests", "src/log/planted-j.ts", 'import "../../test/planted.ts";'],
];
const others: readonly (readonly [file: string, source: string])[] = [
  ["src/actions/planted-types.ts", "export type X = 1;"],
  ["src/main.ts", "export {};"],
  ["src/resolve/planted-e.ts", 'import "./planted-d.ts";'],
  ["test/planted.ts", "export {};"],
];

describe("the import check", () => {
  let folder: string;
  let output: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "imports-"));
    for (const name of ["src", ".dependency-cruiser.cjs", "import-table.cjs", "tsconfig.json", "package.json"]) {
      cpSync(name, join(folder, name), { recursive: true });
    }
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"));
    for (const [file, source] of [...planted.map(([, file, source]) => [file, source] as const), ...others]) {
      mkdirSync(join(folder, dirname(file)), { recursive: true });
      writeFileSync(join(folder, file), `${source}\n`);
    }
    output = (await capture("sh", ["-c", `cd ${folder} && ${DEPCRUISE.join(" ")}`])).output;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(planted)("fires: %s", (rule, file) => {
    const fired = output.split("\n").filter((line) => line.includes(`${rule}: `) && line.includes(file));
    expect(fired, output).not.toEqual([]);
  });

  it("reads our files at all, and finds no fault in them", async () => {
    const { code, output } = await capture("sh", ["-c", DEPCRUISE.join(" ")]);
    const modules = Number(/\((\d+) modules/.exec(output)?.[1]);
    expect(modules, output).toBeGreaterThan(folders.length);
    expect(code, output).toBe(0);
  });
});
