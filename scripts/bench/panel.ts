/**
 * How fast the API answers what the panel asks: `node --import tsx scripts/bench/panel.ts --url http://127.0.0.1:8080 --token T --samples FILE`
 * against a server whose database load-campus has filled (the file is what its --samples wrote). Exits with 1 when a request failed, or when
 * a kind is slower than --limit at its 95th percentile.
 */
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Samples } from "../load-campus/samples.ts";
import { type PanelRequest, panelRequests } from "./panel-requests.ts";
import { askAll, type Timed, timesOf } from "./panel-run.ts";

const HELP = `Usage: panel.ts --url URL --token TOKEN --samples FILE [options]
  --times N         requests for every one of a request's weight (20)
  --concurrency N   requests at the same time (4)
  --limit MS        fail when p95 of a kind is above it (none)
  --only TEXT       only kinds whose name contains it
  --json            one JSON value instead of a table`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      url: { type: "string" },
      token: { type: "string" },
      samples: { type: "string" },
      times: { type: "string", default: "20" },
      concurrency: { type: "string", default: "4" },
      limit: { type: "string" },
      only: { type: "string", default: "" },
      json: { type: "boolean", default: false },
    },
  });
  const { url, token, samples: file, times, concurrency, limit, only, json } = values;
  if (
    url === undefined ||
    token === undefined ||
    file === undefined ||
    !URL.canParse(url) ||
    !(Number(times) > 0 && Number(concurrency) > 0)
  ) {
    console.error(HELP);
    return 64;
  }
  const samples = JSON.parse(readFileSync(file, "utf8")) as Samples;
  const requests = panelRequests(samples).filter(({ name }) => name.includes(only));
  const kinds = timesOf(await askAll({ url, token }, requests, Number(times), Number(concurrency)));
  console.log(json ? JSON.stringify(kinds) : table(requests, kinds));
  const slow = limit === undefined ? [] : kinds.filter(({ p95 }) => !(p95 <= Number(limit)));
  for (const { name, p95 } of slow) console.error(`${name}: p95 ${p95.toFixed(1)} ms is above ${limit} ms`);
  const failed = kinds.filter(({ failures }) => failures > 0);
  for (const { name, failures, firstFailure } of failed) console.error(`${name}: ${failures} failed: ${firstFailure}`);
  return slow.length + failed.length > 0 ? 1 : 0;
}

function table(requests: readonly PanelRequest[], kinds: readonly Timed[]): string {
  const width = Math.max(...requests.map(({ name }) => name.length));
  const ms = (value: number): string => value.toFixed(1).padStart(9);
  const rows = kinds.map(
    ({ name, count, failures, p50, p95, max }) =>
      `${name.padEnd(width)} ${String(count).padStart(6)} ${String(failures).padStart(6)}${ms(p50)}${ms(p95)}${ms(max)}`,
  );
  return [`${"kind".padEnd(width)}  count failed   p50 ms   p95 ms   max ms`, ...rows].join("\n");
}
