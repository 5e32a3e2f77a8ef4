/**
 * `npm run bench`: what this machine forwards. Each case: accepted by Mailroom, delivered to a counting sink (Postfix's smtp-sink) on this machine;
 * durability as in production. Prints medians; docs/performance.md keeps what was measured when. `npm run bench -- --profile`: where the processor's
 * time goes in the first case instead.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "../free-port.ts";
import { sendLoad } from "./load.ts";
import { hottest } from "./profile.ts";
import { type BenchServer, startServer } from "./server.ts";

const RUNS = 3;
const ALIASES = 5000;
const MEMBERS = 10_000;

const sinkPort = await freePort();
const asRoot = process.getuid?.() === 0 ? ["-u", "nobody"] : []; // it refuses to run as root
const sink = spawn("smtp-sink", [...asRoot, `127.0.0.1:${sinkPort}`, "1000"], { stdio: "ignore" });
sink.on("error", () => {
  console.error("smtp-sink is missing: install Debian's postfix package");
  process.exit(69);
});
const profiles = process.argv.includes("--profile") ? mkdtempSync(join(tmpdir(), "mailroom-profile-")) : null;
const server = await startServer({}, profiles === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profiles}`]);
try {
  load(server);
  if (profiles === null) await measure();
  else await throughput("4 KiB, one recipient, under the profiler", 5000, 4096);
} finally {
  await server.stop();
  sink.kill();
}
if (profiles !== null) {
  console.log(hottest(profiles, 10).join("\n"));
  rmSync(profiles, { recursive: true });
}

async function measure(): Promise<void> {
  const fastest = await throughput("4 KiB, one recipient", 5000, 4096);
  await latency(fastest / 2);
  await throughput("256 KiB, one recipient", 400, 256 * 1024);
  await list();
}

/** Two hops: alias → alias → mailbox on the sink; and a list of 10,000. */
function load({ cli, dataDir }: BenchServer): void {
  const rows = ["address,targets,kind"];
  for (let i = 0; i < ALIASES; i++)
    rows.push(`${i}alias@campus.test,${i}user@campus.test,alias`, `${i}user@campus.test,box${i}@final.test,alias`);
  rows.push(`big@campus.test,${Array.from({ length: MEMBERS }, (_, i) => `m${i}@final.test`).join(" ")},list`);
  const file = join(dataDir, "bench.csv");
  writeFileSync(file, `${rows.join("\n")}\n`);
  cli("domain", "add", "campus.test");
  cli("route", "set", "final.test", `smtp://127.0.0.1:${sinkPort}`);
  cli("import", "csv", file, "--yes");
}

async function throughput(name: string, messages: number, size: number): Promise<number> {
  const rates: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const before = await sent();
    const started = performance.now();
    const result = await sendLoad({
      port: server.smtpPort,
      messages,
      sessions: 40,
      size,
      to: (n) => `${n % ALIASES}alias@campus.test`,
      rate: null,
    });
    await delivered(before + messages);
    const rate = messages / ((performance.now() - started) / 1000);
    if (result.refused > 0) console.log(`  ${result.refused} refused`);
    if (run > 0) rates.push(rate); // the first warms caches and connections
  }
  console.log(`${name}: ${median(rates).toFixed(0)} forwards/s (${rates.map((rate) => rate.toFixed(0)).join(", ")})`);
  return median(rates);
}

async function latency(rate: number): Promise<void> {
  const before = await sent();
  const messages = Math.round(rate * 5);
  const result = await sendLoad({
    port: server.smtpPort,
    messages,
    sessions: 40,
    size: 4096,
    to: (n) => `${n % ALIASES}alias@campus.test`,
    rate,
  });
  await delivered(before + messages);
  console.log(`final dot → 250 at ${rate.toFixed(0)} messages/s: p50 ${result.p50.toFixed(1)} ms, p99 ${result.p99.toFixed(1)} ms`);
}

async function list(): Promise<void> {
  const seconds: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const before = await sent();
    const started = performance.now();
    await sendLoad({ port: server.smtpPort, messages: 1, sessions: 1, size: 20_000, to: () => "big@campus.test", rate: null });
    await delivered(before + MEMBERS);
    seconds.push((performance.now() - started) / 1000);
  }
  console.log(`list of ${MEMBERS}: last copy after ${median(seconds).toFixed(2)} s (${seconds.map((s) => s.toFixed(2)).join(", ")})`);
}

async function sent(): Promise<number> {
  return server.metric("smtp_messages_processed_total", 'status="sent"');
}

async function delivered(wanted: number): Promise<void> {
  for (const started = performance.now(); (await sent()) < wanted; await sleep(20))
    if (performance.now() - started > 120_000) throw new Error(`only ${await sent()} of ${wanted} were delivered in two minutes`);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
