/** The short version of `npm run chaos`: ten kills while mail flows, and nothing acknowledged is lost. */
import { expect, it } from "vitest";
import { capture } from "../../scripts/run.ts";
import { builtFromTheseSources } from "../support/mailroom.ts";

const KILLS = 10;

it("loses none of the acknowledged messages in ten kills, and duplicates no more than were in flight", async () => {
  await builtFromTheseSources();
  const short = ["--kills", String(KILLS), "--every", "1", "--sessions", "4", "--nemesis", "server"];
  const { code, output, stdout } = await capture(process.execPath, ["--import", "tsx", "scripts/chaos/chaos.ts", ...short]);
  expect(code, output).toBe(0);
  const report = JSON.parse(stdout.slice(stdout.indexOf("{")));
  expect(report).toMatchObject({ kills: KILLS, lost: 0, damaged: 0, unexplained: 0, drained: true, exit: 0 });
  expect(report.acknowledged).toBeGreaterThan(100); // else nothing was in flight when they struck
}, 600_000); // a restart takes 8 s and more beside other suites
