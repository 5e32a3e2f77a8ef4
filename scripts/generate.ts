/** Writes all generated files anew: runs every scripts/generate-*.ts, in the order of their names. */
import { readdirSync } from "node:fs";
import { run } from "./run.ts";

const generators = readdirSync("scripts").filter((name) => /^generate-.+\.ts$/.test(name));
let failed = 0;
for (const name of generators.sort()) {
  const code = await run(process.execPath, ["--import", "tsx", `scripts/${name}`]);
  if (code !== 0) console.error(`scripts/${name} ended with ${code}`);
  failed += code === 0 ? 0 : 1;
}
process.exitCode = Math.min(failed, 1);
