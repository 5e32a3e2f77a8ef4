import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { judge, type TestFile } from "../../scripts/judge.ts";
import { processesOf } from "../../scripts/left-behind.ts";
import { eventually } from "../support/eventually.ts";

const file = (status: string, ...statuses: string[]): TestFile => ({
  name: "a.test.ts",
  status,
  assertionResults: statuses.map((each, no) => ({ fullName: `test ${no}`, status: each })),
});

describe("the end of npm test", () => {
  it.each([
    ["all passed", [file("passed", "passed", "passed")], "2 passed, 0 failed", 0, 0],
    ["one failed", [file("failed", "passed", "failed")], "1 passed, 1 failed", 0, 0],
    ["a file that does not load", [file("passed", "passed"), file("failed")], "1 passed, 1 failed", 0, 0],
    ["a skipped one", [file("passed", "passed", "pending")], "1 passed, 0 failed, 1 skipped", 0, 1],
    ["one to be written", [file("passed", "passed", "todo")], "1 passed, 0 failed, 1 skipped", 0, 1],
    ["only skipped ones", [file("passed", "skipped")], "0 passed, 0 failed, 1 skipped", 1, 2],
    ["nothing at all", [], "0 passed, 0 failed", 1, 1],
  ])("counts: %s", (_name, files, line, complaints, strictComplaints) => {
    expect(judge(files, false).closingLine).toBe(line);
    expect(judge(files, false).complaints).toHaveLength(complaints);
    expect(judge(files, true).complaints).toHaveLength(strictComplaints);
  });

  it("names what was skipped", () => expect(judge([file("passed", "passed", "pending")], false).notes).toContain("  test 1"));
});

describe.skipIf(process.platform !== "linux")("processes left behind", () => {
  let folder: string;
  const started: ChildProcess[] = [];
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "left-"));
  });
  afterAll(() => {
    for (const child of started) child.kill("SIGKILL");
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["by their working directory", () => spawn("sleep", ["60"], { cwd: folder, env: {}, detached: true })],
    [
      "by their command line",
      () => spawn("sh", ["-c", "read line", join(folder, "x")], { env: { PATH: "/usr/bin:/bin" }, detached: true }),
    ],
    ["by their environment", () => spawn("sleep", ["60"], { env: { SOMEWHERE: folder } })],
  ])("are found %s, until they end", async (_how, start) => {
    const child = start();
    started.push(child);
    await eventually(() => expect(processesOf(folder).map(({ pid }) => pid)).toContain(child.pid));
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(processesOf(folder).map(({ pid }) => pid)).not.toContain(child.pid);
  });
});
