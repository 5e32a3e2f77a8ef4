/** How long a large list takes, and what it does to personal mail meanwhile: `node --import tsx scripts/bench/list.ts [members]`. */
import { Client } from "../../test/receive/client.ts";
import { startMailroom } from "../../test/support/mailroom.ts";
import { startSink } from "../../test/support/sinks.ts";

const members = Number(process.argv[2] ?? 60_000);
const DOMAINS = 200;
const BODY = `Subject: hi\r\n\r\n${`${"x".repeat(70)}\r\n`.repeat(56)}.\r\n`;

const arrivals = new Map<string, number>();
let copies = 0;
let lastCopy = 0;
const sink = await startSink({
  dot: ({ rcpts }) => {
    for (const rcpt of rcpts) {
      const to = /<([^>]*)>/.exec(rcpt)?.[1] ?? "";
      if (to.startsWith("p")) arrivals.set(to, performance.now());
      else copies++;
    }
    lastCopy = performance.now();
    return null;
  },
});
const mailroom = await startMailroom({ env: { MAILROOM_RELAY_TRUSTED_NETWORKS: "127.0.0.0/8" } });
const cli = async (...words: string[]): Promise<void> => {
  const { code, output } = await mailroom.cli(...words);
  if (code !== 0) throw new Error(`${words.slice(0, 3).join(" ")}: ${output}`);
};
await cli("domain", "add", "campus.example");
await cli("route", "set", "*", `smtp://127.0.0.1:${sink.port}`);
await cli("list", "create", "all@campus.example", "--limit", String(members));
const names = Array.from({ length: members }, (_, i) => `m${i}@d${i % DOMAINS}.example`);
for (let at = 0; at < members; at += 4000) await cli("list", "add", "all@campus.example", ...names.slice(at, at + 4000));

/** One person's mail every 20 ms; seconds from the dot to the next hop, by tag. */
async function personal(tag: string, until: () => boolean): Promise<number[]> {
  const client = await Client.greeted(mailroom.smtpPort);
  const sent: [string, number][] = [];
  for (let i = 0; !until(); i++) {
    const to = `p${tag}${i}@hop.example`;
    const at = performance.now();
    const reply = await client.transact(BODY, to, "s@else.example");
    if (!reply.startsWith("250")) {
      const output = mailroom.output();
      await mailroom.remove();
      throw new Error(`${reply}\n${output.slice(-3000)}`);
    }
    sent.push([to, at]);
    await new Promise((wake) => setTimeout(wake, 20));
  }
  client.close();
  await new Promise((wake) => setTimeout(wake, 3000));
  return sent.map(([to, at]) => (arrivals.get(to) ?? Number.POSITIVE_INFINITY) - at).sort((a, b) => a - b);
}

const percentile = (values: readonly number[], share: number): string =>
  `${(values[Math.floor((values.length - 1) * share)] ?? 0).toFixed(0)} ms`;
const say = (name: string, values: readonly number[]): void =>
  console.log(
    `${name}: ${values.length} messages, dot to next hop p50 ${percentile(values, 0.5)}, p99 ${percentile(values, 0.99)}, max ${percentile(values, 1)}`,
  );

const quietUntil = performance.now() + 5000;
say("personal mail, quiet", await personal("a", () => performance.now() > quietUntil));

const poster = await Client.greeted(mailroom.smtpPort);
await poster.ask("MAIL FROM:<s@else.example>");
const rcptAt = performance.now();
console.log(await poster.ask("RCPT TO:<all@campus.example>"), `RCPT took ${(performance.now() - rcptAt).toFixed(0)} ms`);
await poster.ask("DATA");
const running = personal("b", () => copies >= members);
await new Promise((wake) => setTimeout(wake, 200));
const dotAt = performance.now();
poster.send(BODY);
console.log(await poster.hear(), `dot to 250: ${(performance.now() - dotAt).toFixed(0)} ms`);
const during = await running;
console.log(`last of ${copies} copies at the next hop: ${((lastCopy - dotAt) / 1000).toFixed(1)} s after the dot`);
say("personal mail, meanwhile", during);
await poster.ask("QUIT");
await mailroom.remove();
await sink.close();
