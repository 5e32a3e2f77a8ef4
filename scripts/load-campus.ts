/**
 * `npm run load-campus -- --yes`: fills the database (MAILROOM_DATABASE_URL, else the embedded one of MAILROOM_DATA_DIR) with a campus that looks
 * real, to see and measure the panel with. The same seed gives the same campus, seen from the hour it is loaded.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { confirmed } from "../src/cli/confirm.ts";
import { openContext } from "../src/cli/context.ts";
import { EXIT, Exit, failureOf, UsageError } from "../src/cli/exit-codes.ts";
import { processOutput } from "../src/cli/output.ts";
import { loadCampus, NotEmpty, type Tell } from "./load-campus/load.ts";
import type { Samples } from "./load-campus/samples.ts";

const HELP = `Usage: npm run load-campus -- [options]

  --addresses N   entries (500000)            --trace N    attempts in the trace (1000000)
  --people N      people in LDAP (50000)      --queued N   recipients that wait (20000)
  --seed S        another campus (campus)     --samples F  write addresses to try to a file, for bench:panel
  --config FILE   settings                    --force      although there are addresses already
  --yes           do not ask

A database is filled, not a server: its mail goes nowhere (the route * leads to a closed port).`;

const HOUR = 3_600_000;
const out = processOutput(process.stdout, process.stderr);
const ctx = openContext(out);
async function main(): Promise<number> {
  const { values } = typed();
  if (values.help) {
    await out.text(HELP);
    return EXIT.done;
  }
  const { config, force, yes, samples: file, seed } = values;
  const wanted = {
    addresses: count("addresses", values.addresses, 1000),
    people: count("people", values.people, 1),
    trace: count("trace", values.trace, 0),
    queued: count("queued", values.queued, 0),
    seed,
    force,
  };
  ctx.setOptions(config === undefined ? {} : { config });
  await confirmed(ctx, `${wanted.addresses} made-up addresses go into ${await databaseName()}.`, yes);
  const started = performance.now();
  try {
    const samples = await loadCampus(await ctx.db(), wanted, new Date(Math.floor(Date.now() / HOUR) * HOUR), teller(started));
    await out.text(`Loaded in ${seconds(started)} s.\n\n${summary(samples)}`);
    if (file !== undefined) writeFileSync(file, `${JSON.stringify(samples, null, 2)}\n`);
    return EXIT.done;
  } catch (error) {
    if (!(error instanceof NotEmpty)) throw error;
    out.note(`load-campus: ${error.message}.`);
    out.note("Name an empty one in MAILROOM_DATABASE_URL or MAILROOM_DATA_DIR, or load beside what is there with --force.");
    return EXIT.failed;
  }
}

function typed() {
  try {
    return parseArgs({
      options: {
        addresses: { type: "string", default: "500000" },
        people: { type: "string", default: "50000" },
        trace: { type: "string", default: "1000000" },
        queued: { type: "string", default: "20000" },
        seed: { type: "string", default: "campus" },
        samples: { type: "string" },
        config: { type: "string" },
        force: { type: "boolean", default: false },
        yes: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
}

function count(name: string, text: string, least: number): number {
  const n = Number(text);
  if (/^\d{1,8}$/.test(text) && n >= least) return n;
  throw new UsageError(`--${name} ${JSON.stringify(text)}: a whole number from ${least} to 99999999 is meant`);
}

async function databaseName(): Promise<string> {
  const { database, dataDir } = (await ctx.settings()).settings;
  if (!database.url) return `the embedded database in ${dataDir}`;
  const { hosts, database: name } = await ctx.connection();
  return `the database ${name} on ${hosts.map(({ host }) => host).join(", ")}`;
}

const seconds = (started: number): string => ((performance.now() - started) / 1000).toFixed(1);

function teller(started: number): Tell {
  const { log } = ctx;
  let shown = 0;
  return {
    log,
    step: (sentence) => out.note(`${seconds(started).padStart(6)} s  ${sentence}`),
    progress: (done, of, what) => {
      if (performance.now() - shown < 5000) return;
      shown = performance.now();
      out.note(`${seconds(started).padStart(6)} s  ${what}: ${done} of ${of}`);
    },
  };
}

const summary = (samples: Samples): string =>
  Object.entries(samples)
    .map(([name, value]) => `${name.padEnd(16)}${String(value)}`)
    .join("\n");

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof Exit) process.exitCode = error.code;
  else {
    const failure = failureOf(error);
    out.note(`load-campus: ${failure.message}`);
    if (failure.hint !== null) out.note(failure.hint);
    process.exitCode = failure.code;
  }
} finally {
  await ctx.close();
}
