import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { capture } from "../../scripts/run.ts";

const licences = (lockfile: string) => capture(process.execPath, ["--import", "tsx", "scripts/licences.ts", lockfile]);

describe("licences of the production tree", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "licences-"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it("are all accepted", async () => {
    const { code, output } = await licences("package-lock.json");
    expect(output).toMatch(/^\d{2,} packages of the production tree, 0 with/);
    expect(code).toBe(0);
  });

  it.each([
    ["another licence", { license: "AGPL-3.0-only" }, "licence AGPL-3.0-only is not accepted"],
    ["no licence", {}, "licence not stated is not accepted"],
  ])("are refused: %s", async (_name, planted, complaint) => {
    const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
    lock.packages["node_modules/planted"] = { version: "1.0.0", ...planted };
    writeFileSync(join(folder, "lock.json"), JSON.stringify(lock));
    const { code, output } = await licences(join(folder, "lock.json"));
    expect(output).toContain(`node_modules/planted: ${complaint}`);
    expect(code).toBe(1);
  });

  it("of development packages do not matter", async () => {
    const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
    lock.packages["node_modules/planted"] = { version: "1.0.0", license: "AGPL-3.0-only", dev: true };
    writeFileSync(join(folder, "lock.json"), JSON.stringify(lock));
    expect((await licences(join(folder, "lock.json"))).code).toBe(0);
  });
});
