import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { missing, type Need, programs } from "../test/support/debian.ts";
import { run } from "./run.ts";

const POLICY = "/usr/sbin/policy-rc.d"; // Debian asks it before it starts the service of a package just installed

/** Names what the tests need and this machine lacks. As root on Debian it is installed; otherwise the command to do so is printed. */
export async function installNeeds(): Promise<void> {
  const lacking = missing();
  if (lacking.length === 0) return;
  const packages = [...new Set(lacking.map((need) => programs[need].package))];
  console.log("Programs that some tests need are not installed here:");
  for (const need of lacking) console.log(`  ${describeNeed(need)}`);
  const command = `apt-get install --no-install-recommends ${packages.join(" ")}`;
  if (!existsSync("/usr/bin/apt-get")) console.log("This is no Debian system: those tests are skipped.\n");
  else if (process.getuid?.() !== 0) console.log(`Those tests are skipped. To run them, let root do: ${command}\n`);
  else await installAsRoot(packages);
}

const describeNeed = (need: Need) => `${need}, from the package ${programs[need].package}: ${programs[need].why}`;

/** Installs without questions and without starting any service. A failure is told and the tests are skipped, which CI counts as failure. */
async function installAsRoot(packages: readonly string[]): Promise<void> {
  console.log(`Installing, as root: ${packages.join(" ")}`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const wait = ["-o", "DPkg::Lock::Timeout=300", "-o", "APT::Acquire::Retries=3"]; // another npm test may be installing just now
  const marker = `#!/bin/sh\n# of npm test ${process.pid}\nexit 101\n`; // 101: may not start
  const ours = !existsSync(POLICY);
  if (ours) writeFileSync(POLICY, marker, { mode: 0o755 });
  try {
    await run("apt-get", ["-qq", ...wait, "update"], env);
    const code = await run("apt-get", ["-qq", ...wait, "install", "--yes", "--no-install-recommends", ...packages], env);
    if (code !== 0) console.log(`apt-get ended with ${code}: the tests that need these packages are skipped.`);
  } finally {
    if (ours && existsSync(POLICY) && readFileSync(POLICY, "utf8") === marker) rmSync(POLICY);
  }
}
