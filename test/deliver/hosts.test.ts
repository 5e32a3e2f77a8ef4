import { afterEach, beforeEach, expect, test } from "vitest";
import { systemEdges } from "../../src/deliver/edges.ts";
import { claimed, startDeliverer, type Trial } from "../support/deliveries.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { type Sink, type SinkWays, startSink } from "../support/sinks.ts";

/** Several hosts of one domain, each a sink of its own on this machine. */
let dns: DnsServer;
let sinks: Sink[] = [];
let trial: Trial;
beforeEach(async () => {
  dns = await startDnsServer({});
});
afterEach(async () => {
  await trial.deliverer.drain();
  for (const sink of sinks) await sink.close();
  await dns.close();
  sinks = [];
});

/** x.test with one MX per way, in this order of preference. The injected connect leads each address to its sink. */
async function hosts(...ways: (SinkWays | "down")[]): Promise<void> {
  const ports = new Map<string, number>();
  const names = ways.map((_, i) => `mx${i}.x.test`);
  dns.zone = { "x.test": { MX: names.map((name, i) => [i, name] as const) } };
  for (const [i, way] of ways.entries()) {
    const sink = await startSink(way === "down" ? {} : way);
    if (way === "down") await sink.close();
    else sinks.push(sink);
    ports.set(`192.0.2.${i}`, sink.port);
    dns.zone[names[i] ?? ""] = { A: [`192.0.2.${i}`] };
  }
  const real = systemEdges([dns.address]);
  const connect: typeof real.connect = (target) =>
    real.connect("address" in target ? { address: "127.0.0.1", port: ports.get(target.address) ?? 1 } : target);
  trial = startDeliverer({ "*": { kind: "mx", url: "mx:" } }, { allowedNetworks: ["192.0.2.0/24"] }, { ...real, connect });
}
const outcome = async (): Promise<string> => {
  trial.deliverer.accept(claimed(["a@x.test"]));
  await trial.until(1);
  const { verdict } = trial.settled[0] ?? {};
  return `${verdict?.kind} ${verdict?.reply.code} ${verdict?.relay}`;
};
const hangUpAt =
  (verb: string): NonNullable<SinkWays["answer"]> =>
  (line, socket) => {
    if (!line.startsWith(verb)) return null;
    socket.destroy();
    return "";
  };

test.each<[string, SinkWays | "down"]>([
  ["is down", "down"],
  ["greets with 554", { greeting: () => "554 5.7.1 not you" }],
  ["greets with 521", { greeting: () => "521 5.3.2 never" }],
  ["greets with 421", { greeting: () => "421 4.3.2 busy" }],
  ["talks nonsense", { greeting: () => "hello" }],
  ["hangs up at MAIL", { answer: hangUpAt("MAIL") }],
  ["says 421 to MAIL", { answer: (line) => (line.startsWith("MAIL") ? "421 4.7.0 busy" : null) }],
])("when the first host %s the next one is asked", async (_, first) => {
  await hosts(first, {}, {});
  expect(await outcome()).toBe("relayed 250 mx1.x.test[192.0.2.1]:25");
  expect(sinks.reduce((sum, sink) => sum + sink.taken.length, 0)).toBe(1);
});

test.each<[string, SinkWays]>([
  ["refuses the recipient", { answer: (line) => (line.startsWith("RCPT") ? "550 5.1.1 no" : null) }],
  ["refuses the message", { dot: () => "554 5.7.1 spam" }],
])("when the first host %s the others are not asked", async (_, first) => {
  await hosts(first, {});
  expect(await outcome()).toMatch(/^failed 55[04] mx0\.x\.test/);
  expect(sinks[1]?.connections()).toBe(0);
});

test("nor when it closes after the dot: it may have the message", async () => {
  const dot: NonNullable<SinkWays["dot"]> = (_, socket) => {
    socket.destroy();
    return "";
  };
  await hosts({ dot }, {});
  expect(await outcome()).toBe("deferred 450 mx0.x.test[192.0.2.0]:25");
  expect(sinks[1]?.connections()).toBe(0);
});

test("521 is final only when every host says so", async () => {
  await hosts({ greeting: () => "521 never" }, "down");
  expect(await outcome()).toMatch(/^deferred 450 mx1/);
  await trial.deliverer.drain();
  await hosts({ greeting: () => "521 never" }, { greeting: () => "521 never" });
  expect(await outcome()).toMatch(/^failed 521/);
});

test("a domain with no host left is deferred with the first one's words, and DNS is asked anew", async () => {
  await hosts("down", { greeting: () => "554 no" });
  expect(await outcome()).toMatch(/^deferred 450 mx0/);
  const asked = dns.questions.length;
  trial.deliverer.accept(claimed(["b@x.test"]));
  await trial.until(2);
  expect(dns.questions.length).toBeGreaterThan(asked);
});
