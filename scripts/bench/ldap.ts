/**
 * `npm run bench:ldap`: what LDAP costs a recipient, with slapd and Mailroom on this machine. Times of groups, cold and warm; of RCPT with the
 * directory 1 ms and 50 ms away; and what 10,000 RCPT are answered while slapd is stopped or killed. `-- --minutes 10` for a longer outage (1).
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { testDirectory } from "../../test/support/directory.ts";
import { SUFFIX, startSlapd } from "../../test/support/slapd.ts";
import { startDelayProxy } from "./delay-proxy.ts";
import { type Dialogue, openDialogue } from "./load.ts";
import { startServer } from "./server.ts";

const PEOPLE = 10_000;
const OUTAGE_RCPTS = 10_000;
/** Of the RCPT in the outage one in ten names nobody. */
const NOBODY_EVERY = 10;
/** ldap_cache.fresh, shorter than in production so that nobody waits a minute for answers to grow old. */
const FRESH_SECONDS = 15;
const minutes = Number(process.argv[process.argv.indexOf("--minutes") + 1]) || 1;

const dnOf = (i: number) => `uid=p${i},ou=people,${SUFFIX}`;
const person = (i: number) =>
  `dn: ${dnOf(i)}\nobjectClass: inetOrgPerson\nobjectClass: inetLocalMailRecipient\ncn: p${i}\nsn: p\nuid: p${i}\nmailLocalAddress: p${i}@campus.test\nmailRoutingAddress: p${i}@mbx.test\n`;
const group = (name: string, count: number) =>
  `dn: cn=${name},ou=groups,${SUFFIX}\nobjectClass: groupOfNames\ncn: ${name}\n${Array.from({ length: count }, (_, i) => `member: ${dnOf(i)}`).join("\n")}\n`;

const slapd = await startSlapd({
  ldif: [...Array.from({ length: PEOPLE }, (_, i) => person(i)), group("thousand", 1000), group("five-thousand", 5000)].join("\n"),
  database: "index mailLocalAddress eq\nlimits * size=unlimited",
});
const proxy = await startDelayProxy(Number(new URL(slapd.url).port));
const folder = await testDirectory();
const config = join(folder.path, "mailroom.yaml");
writeFileSync(
  config,
  `ldap_cache:
  fresh: ${FRESH_SECONDS}s
smtp:
  connections_per_client: 200
  refused_commands: 1000
  idle_commands: 10000
  refusal_delay: 0s
ldap:
  - name: campus
    url: ldap://127.0.0.1:${proxy.port}
    preset: [inetLocalMailRecipient, groupOfNames]
    groups:
      address: cn={local}
    base: ${SUFFIX}
`,
);
const server = await startServer({ MAILROOM_CONFIG: config, MAILROOM_WORKERS: "1" });
try {
  server.cli("domain", "add", "campus.test");
  server.cli("route", "set", "mbx.test", "discard:");
  for (const [name, count] of [
    ["thousand", 1000],
    ["five-thousand", 5000],
  ] as const)
    await groupTimes(name, count);
  await sleep(FRESH_SECONDS * 1000 + 1000); // nothing is fresh any more: those met in groups are asked for again
  await distance(0, 0);
  await distance(1, 2500);
  await distance(50, 5000);
  proxy.roundTrip = 0;
  console.log((await server.cliMeanwhile("ldap", "sync")).trim());
  await outage();
} finally {
  await server.stop();
  await proxy.close();
  await slapd.remove();
  await folder.remove();
}

async function rcpt(dialogue: Dialogue, local: string): Promise<string> {
  const replies = await dialogue.say(`MAIL FROM:<sender@outside.test>\r\nRCPT TO:<${local}@campus.test>\r\nRSET\r\n`, 3);
  return replies[1]?.slice(0, 3) ?? "none";
}

async function groupTimes(name: string, count: number): Promise<void> {
  const dialogue = await openDialogue(server.smtpPort);
  const times: number[] = [];
  for (let i = 0; i < 21; i++) {
    const started = performance.now();
    const code = await rcpt(dialogue, name);
    if (code !== "250") throw new Error(`${name} was answered ${code}`);
    times.push(performance.now() - started);
  }
  dialogue.end();
  const [cold = 0, ...warm] = times;
  console.log(`group of ${count}: cold ${cold.toFixed(0)} ms, warm ${at(warm, 0.5).toFixed(1)} ms`);
}

/** 2,000 people whom nobody has asked for, then the same again. */
async function distance(roundTrip: number, from: number): Promise<void> {
  proxy.roundTrip = roundTrip;
  for (const state of ["cold", "warm"]) {
    const times = await ask(2000, null, (n) => `p${from + n}`);
    console.log(
      `RCPT, directory ${roundTrip} ms away, ${state}: p50 ${at(times.ms, 0.5).toFixed(1)} ms, p99 ${at(times.ms, 0.99).toFixed(1)} ms; ${text(times.codes)}`,
    );
  }
}

async function outage(): Promise<void> {
  await sleep(FRESH_SECONDS * 1000 + 1000); // no answer is fresh, so that each of the outage is the last good one or none
  const seconds = minutes * 60;
  const local = (n: number) => (n % NOBODY_EVERY === 0 ? `nobody${n}` : `p${n % PEOPLE}`);
  const asked = ask(OUTAGE_RCPTS, OUTAGE_RCPTS / seconds, local);
  slapd.signal("SIGSTOP");
  await sleep((seconds * 1000) / 2);
  await slapd.stop("SIGKILL");
  const { ms, people, others } = await asked;
  console.log(
    `${OUTAGE_RCPTS} RCPT in an outage of ${minutes} min (SIGSTOP, then killed): people ${text(people)}; nobodies ${text(others)}; p50 ${at(ms, 0.5).toFixed(1)} ms, p99 ${at(ms, 0.99).toFixed(1)} ms`,
  );
  const started = performance.now();
  await slapd.start();
  const dialogue = await openDialogue(server.smtpPort);
  while ((await rcpt(dialogue, "nobody")) !== "550") await sleep(50);
  dialogue.end();
  console.log(`slapd is back: nobody is refused again after ${(performance.now() - started).toFixed(0)} ms`);
}

type Asked = {
  readonly ms: number[];
  readonly codes: Map<string, number>;
  readonly people: Map<string, number>;
  readonly others: Map<string, number>;
};

/** `rate`: RCPT a second; null: as fast as they are answered, twenty at a time. */
async function ask(count: number, rate: number | null, local: (n: number) => string): Promise<Asked> {
  const asked: Asked = { ms: [], codes: new Map(), people: new Map(), others: new Map() };
  const begun = performance.now();
  let next = 0;
  const session = async (): Promise<void> => {
    let dialogue = await openDialogue(server.smtpPort);
    for (let n = next++; n < count; n = next++) {
      if (rate !== null) await sleep(Math.max(0, begun + (n / rate) * 1000 - performance.now()));
      const started = performance.now();
      const code = await rcpt(dialogue, local(n));
      asked.ms.push(performance.now() - started);
      for (const counts of [asked.codes, local(n).startsWith("p") ? asked.people : asked.others])
        counts.set(code, (counts.get(code) ?? 0) + 1);
      if (code === "421") dialogue = await openDialogue(server.smtpPort);
    }
    dialogue.end();
  };
  await Promise.all(Array.from({ length: 20 }, session));
  return asked;
}

function at(times: readonly number[], share: number): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

function text(codes: ReadonlyMap<string, number>): string {
  return [...codes].map(([code, count]) => `${count} × ${code}`).join(", ");
}
