/** Broken settings: each folder here holds a mailroom.yaml, an env or both, and the exact text of all faults. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { SettingsError } from "../../src/config/fault.ts";
import { loadSettings } from "../../src/config/load-settings.ts";

const here = import.meta.dirname;
const cases = readdirSync(here, { withFileTypes: true }).filter((entry) => entry.isDirectory());

test("there are cases", () => expect(cases.length).toBeGreaterThan(25));

for (const { name } of cases) {
  test(name, () => {
    const cwd = join(here, name);
    expect(faultsOf(cwd)).toBe(readFileSync(join(cwd, "expected.txt"), "utf8").trimEnd());
  });
}

function faultsOf(cwd: string): string {
  try {
    loadSettings({ env: variables(join(cwd, "env")), cwd, machine: { hostname: "mail.campus.example", cores: 2 } });
    return "no faults";
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
}

/** Lines NAME=value; a missing file is an empty environment. */
function variables(file: string): NodeJS.ProcessEnv {
  const text = readdirSync(join(file, "..")).includes("env") ? readFileSync(file, "utf8") : "";
  const lines = text.split("\n").filter((line) => line !== "");
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}
