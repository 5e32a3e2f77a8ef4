/**
 * `npm run chaos -- [--kills N] [--every SECONDS] [--nemesis server,worker,postgres]`: kills things while mail flows and proves that nothing acknowledged is
 * lost. Exit status 0: none lost, none damaged, every duplicate explained by a kill. Load and time are bounded; everything is on loopback.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { freePort } from "../free-port.ts";
import { check, inFlightNow, type Kill } from "./check.ts";
import { startGenerator } from "./generator.ts";
import { type Nemesis, nemeses } from "./nemesis.ts";
import { startRigServer } from "./rig-server.ts";
import { startSink } from "./sink.ts";

const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "10" },
    every: { type: "string", default: "5" },
    nemesis: { type: "string", default: "server,worker,postgres" },
    sessions: { type: "string", default: "10" },
    pause: { type: "string", default: "20" },
  },
});
const RECIPIENTS = ["one@final.test", "two@final.test", "three@final.test"];

const sink = await startSink();
const server = await startRigServer({ smtpPort: await freePort(), httpPort: await freePort(), sinkPort: sink.port });
server.cli("domain", "add", "campus.test");
server.cli("route", "set", "final.test", `smtp://127.0.0.1:${sink.port}`);
server.cli("alias", "set", "many@campus.test", ...RECIPIENTS.flatMap((to) => ["--to", to]));

const started = Date.now();
const generator = startGenerator({
  port: server.smtpPort,
  sessions: Number(values.sessions),
  to: "many@campus.test",
  sizes: [2000, 4000, 2000, 300_000, 2000, 1_500_000],
  pauseMs: Number(values.pause),
});
const kills: Kill[] = [];
const quarantined = new Set<string>();
const recoveries: number[] = [];
const chosen = values.nemesis.split(",").map((name) => nemeses[name as Nemesis]);
for (let kill = 0; kill < Number(values.kills); kill++) {
  await sleep(Number(values.every) * 1000 * (0.5 + Math.random()));
  const act = chosen[kill % chosen.length];
  if (!act) throw new Error(`no such nemesis in ${values.nemesis}; known are ${Object.keys(nemeses).join(", ")}`);
  const at = Date.now();
  kills.push({ what: act.what, at, inFlight: inFlightNow(generator.sent, sink.copies, RECIPIENTS.length, at) });
  await act.strike(server);
  recoveries.push(await timeToNextAcknowledgement(at));
  console.log(
    `kill ${kill + 1}: ${act.what}; next 250 after ${recoveries.at(-1)} ms; ${generator.sent.length} sent, ${sink.copies.length} copies out`,
  );
}
await sleep(2000);
await generator.stop();
const drained = await waitUntilDelivered();
const exit = await server.stop();
await sink.close();

const report = check(generator.sent, sink.copies, RECIPIENTS, kills);
console.log(
  JSON.stringify(
    {
      seconds: Math.round((Date.now() - started) / 1000),
      kills: kills.length,
      ...report,
      lost: report.lost.length,
      damaged: report.damaged.length,
      worstRecoveryMs: Math.max(...recoveries),
      quarantined: quarantined.size,
      drained,
      exit,
    },
    null,
    2,
  ),
);
for (const lost of report.lost.slice(0, 20)) console.log(`LOST ${lost}`);
process.exitCode = report.lost.length + report.damaged.length + report.unexplained > 0 || !drained || exit !== 0 ? 1 : 0;

async function timeToNextAcknowledgement(since: number): Promise<number> {
  for (let waited = 0; waited < 120_000; waited += 50) {
    const times = generator.sent.map((one) => one.acknowledgedAt ?? 0).filter((at) => at > since + 200);
    if (times.length > 0) return Math.min(...times) - since;
    await sleep(50);
  }
  throw new Error("no mail was taken for two minutes after a kill");
}

/** Mail of a dead node waits for its lease at the longest, then for one retry. */
async function waitUntilDelivered(): Promise<boolean> {
  for (let waited = 0; waited < 300_000; waited += 1000) {
    const { lost } = check(generator.sent, sink.copies, RECIPIENTS, kills);
    const queue = server.cli("queue", "list", "--json");
    if (lost.length === 0 && queue.trim() === "") return true;
    releaseQuarantined(queue);
    await sleep(1000);
  }
  return false;
}

/** Mail that was being tried at three kills looks like mail that kills (docs/queue.md): it waits for a person, who is us. */
function releaseQuarantined(queue: string): void {
  for (const line of queue.split("\n").filter((text) => text !== "")) {
    const { queueId: id, state } = JSON.parse(line) as { queueId: string; state: string };
    if (state !== "quarantined" || quarantined.has(id)) continue;
    quarantined.add(id);
    server.cli("queue", "release", "--id", id, "--why", "it did not kill the server, we did");
  }
}
