/** `npm run check`: every check, one after the other; all faults are shown, the last lines say which failed. `--no-tests` leaves out the tests. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { capture, run } from "./run.ts";

type Check = { readonly name: string; readonly command: readonly string[] };

const tool = (name: string, ...args: string[]): readonly string[] => [`node_modules/.bin/${name}`, ...args];
const script = (name: string): readonly string[] => [process.execPath, "--import", "tsx", `scripts/${name}.ts`];

const checks: readonly Check[] = [
  { name: "types", command: tool("tsc", "-p", "tsconfig.json") },
  { name: "types of the panel", command: tool("tsc", "-p", "admin-ui/tsconfig.json") },
  { name: "biome", command: tool("biome", "check", "--diagnostic-level=error", ".") },
  { name: "oxlint", command: tool("oxlint", "--deny-warnings") },
  { name: "imports", command: tool("depcruise", "--no-progress", "--config", ".dependency-cruiser.cjs", "src", "test", "admin-ui/src") },
  { name: "dead code", command: tool("knip", "--no-config-hints") },
  { name: "dead code in production", command: tool("knip", "--production", "--no-config-hints") },
  { name: "licences", command: script("licences") },
];

/** Every file that git tracks or would track, with the hash of its octets. */
async function treeNow(): Promise<Map<string, string>> {
  const { output } = await capture("git", ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]);
  const names = output.split("\0").filter((name) => name !== "");
  return new Map(names.map((name) => [name, hashOf(name)]));
}

function hashOf(name: string): string {
  try {
    return createHash("sha256").update(readFileSync(name)).digest("hex");
  } catch {
    return "absent";
  }
}

/** Generated files are fresh when writing them anew changes nothing; in a clean clone that is `git diff --exit-code`. */
async function generatedAreFresh(): Promise<boolean> {
  const before = await treeNow();
  const [command = "", ...args] = script("generate");
  const code = await run(command, args);
  const after = await treeNow();
  const stale = [...after].filter(([name, hash]) => before.get(name) !== hash).map(([name]) => name);
  for (const name of stale) console.error(`${name} was not fresh; it is now: commit it`);
  return code === 0 && stale.length === 0;
}

async function timed(name: string, check: () => Promise<boolean>): Promise<string[]> {
  const start = performance.now();
  const passed = await check();
  console.log(`${passed ? "ok    " : "FAILED"} ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  return passed ? [] : [name];
}

async function main(): Promise<number> {
  const failed: string[] = [];
  for (const { name, command } of checks) {
    const [program = "", ...args] = command;
    failed.push(
      ...(await timed(name, async () => {
        const { code, output } = await capture(program, args);
        if (code !== 0) console.log(output.trimEnd());
        return code === 0;
      })),
    );
  }
  failed.push(...(await timed("generated files are fresh", generatedAreFresh)));
  if (!process.argv.includes("--no-tests")) {
    const [program = "", ...args] = script("test");
    failed.push(...(await timed("tests", async () => (await run(program, args)) === 0)));
  }
  if (failed.length > 0) console.error(`check failed: ${failed.join(", ")}`);
  return Math.min(failed.length, 1);
}

process.exitCode = await main();
