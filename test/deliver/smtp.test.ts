import { afterEach, expect, test } from "vitest";
import { claimed, fromDatabase, smtpTo, startDeliverer } from "../support/deliveries.ts";
import { type Sink, type SinkWays, startSink } from "../support/sinks.ts";

const sinks: Sink[] = [];
const sink = async (ways?: SinkWays): Promise<Sink> => {
  const started = await startSink(ways);
  sinks.push(started);
  return started;
};
afterEach(async () => {
  for (const started of sinks.splice(0)) await started.close();
});

const verdicts = (
  settled: readonly { recipient: { finalRecipient: { key: string } }; verdict: { kind: string; reply: { code: number } } }[],
) => Object.fromEntries(settled.map((s) => [s.recipient.finalRecipient.key, `${s.verdict.kind} ${s.verdict.reply.code}`]));

test("a message reaches the next hop byte for byte, after the prefix", async () => {
  const hop = await sink();
  const { deliverer, settled, until } = startDeliverer({ "*": smtpTo(hop.port) });
  const content = Buffer.from("Subject: x\r\n\r\n.\r\n..\r\nline\r\n.end \xff\x00\r\n", "latin1");
  deliverer.accept(claimed(["bob@x.test"], content));
  deliverer.accept(claimed(["bob@x.test"], content, { content: fromDatabase([...content].map((octet) => Buffer.from([octet]))) }));
  await until(2);
  for (const taken of hop.taken) {
    expect(taken.content.equals(Buffer.concat([Buffer.from("Received: from here\r\n"), content]))).toBe(true);
    expect(taken.mail).toMatch(/^MAIL FROM:<ann@campus\.test> SIZE=\d+$/);
    expect(taken.rcpts).toEqual(["RCPT TO:<bob@x.test>"]);
  }
  expect(hop.taken).toHaveLength(2);
  expect(settled[0]?.verdict).toMatchObject({ kind: "relayed", relay: `127.0.0.1[127.0.0.1]:${hop.port}` });
  await deliverer.drain();
  expect(deliverer.idle()).toBe(true);
});

test.each([true, false])("each recipient has its own outcome (pipelining: %s)", async (pipelining) => {
  const replies: Record<string, string> = { "bad@x.test": "550 5.1.1 no such", "later@x.test": "451 4.2.0 greylisted" };
  const hop = await sink({
    ...(pipelining ? {} : { extensions: ["8BITMIME"] }),
    answer: (line) => replies[/^RCPT TO:<(.*?)>/.exec(line)?.[1] ?? ""] ?? null,
  });
  const { deliverer, settled, until } = startDeliverer({ "*": smtpTo(hop.port) });
  deliverer.accept(claimed(["a@x.test", "bad@x.test", "later@x.test", "b@x.test"]));
  await until(4);
  expect(verdicts(settled)).toEqual({
    "a@x.test": "relayed 250",
    "bad@x.test": "failed 550",
    "later@x.test": "deferred 451",
    "b@x.test": "relayed 250",
  });
  expect(hop.taken).toHaveLength(1);
  await deliverer.drain();
});

test("a next hop that is down defers", async () => {
  const hop = await sink();
  await hop.close();
  const { deliverer, settled, until } = startDeliverer({ "*": smtpTo(hop.port) });
  deliverer.accept(claimed(["a@x.test"]));
  await until(1);
  expect(settled[0]?.verdict).toMatchObject({ kind: "deferred", scope: "host" });
  await deliverer.drain();
});
