/**
 * `npm test [-- ARGUMENTS FOR VITEST]`: asks for what the tests need, compiles, runs vitest, and ends with one line that counts.
 * With CI=true a skipped test is a failure. Everything the tests write lies in one temporary folder; a process or a file still there at
 * the end is a failure too. `--node=24` fails on any other Node: npx may run the outer one without a word.
 */
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { installNeeds } from "./install-needs.ts";
import { judge, type TestFile } from "./judge.ts";
import { processesOf } from "./left-behind.ts";
import { run } from "./run.ts";

const ownArg = /^--node=(\d+)$/;
const vitestArgs = process.argv.slice(2).filter((arg) => !ownArg.test(arg));
const wantedNode = process.argv.map((arg) => ownArg.exec(arg)?.[1]).find((major) => major !== undefined);

/** Runs vitest with its temporary files below `folder`; 0 when it is content. */
function vitest(folder: string, report: string): Promise<number> {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const args = ["node_modules/vitest/vitest.mjs", "run", "--configLoader=runner", ...reporters, ...vitestArgs]; // runner: writes nothing to node_modules
  return run(process.execPath, args, { ...process.env, TMPDIR: folder });
}

function readReport(file: string): readonly TestFile[] {
  if (!existsSync(file)) return []; // vitest broke off: no test ran
  return (JSON.parse(readFileSync(file, "utf8")) as { readonly testResults: readonly TestFile[] }).testResults;
}

/** Ends what the tests left running and names it, and what they left lying about. */
function leftBehind(folder: string): string[] {
  const running = processesOf(folder).map(({ pid, command }) => {
    process.kill(pid, "SIGKILL");
    return `left running: ${pid} ${command}`;
  });
  const lying = readdirSync(folder).filter((name) => !name.startsWith("tsx-") && name !== "node-compile-cache");
  return [...running, ...lying.map((name) => `left in the temporary folder: ${name}`)];
}

async function main(): Promise<number> {
  console.log(`Node ${process.version} on ${process.platform}, ${process.getuid?.() === 0 ? "as root" : "as an ordinary user"}`);
  if (wantedNode !== undefined && process.versions.node.split(".")[0] !== wantedNode) {
    console.error(`This is not Node ${wantedNode}.`);
    return 1;
  }
  await installNeeds();
  const built = await run(process.execPath, ["--import", "tsx", "scripts/build.ts", "--if-stale"]);
  if (built !== 0) return built;
  const folder = mkdtempSync(join(tmpdir(), "mrt-")); // short: sockets lie in it, and a socket's path has 107 octets at most
  const reports = mkdtempSync(join(tmpdir(), "mrt-report-"));
  chmodSync(folder, 0o1777); // as /tmp itself: the embedded Postgres of root runs under another account
  try {
    const code = await vitest(folder, join(reports, "report.json"));
    const { closingLine, notes, complaints } = judge(readReport(join(reports, "report.json")), process.env["CI"] === "true");
    complaints.push(...leftBehind(folder));
    for (const line of [...notes, ...complaints, closingLine]) console.log(line);
    return code !== 0 ? code : Math.min(complaints.length, 1);
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(reports, { recursive: true, force: true });
  }
}

process.exitCode = await main();
