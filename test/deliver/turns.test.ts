import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import { type Connect, systemEdges } from "../../src/deliver/edges.ts";
import { Hop } from "../../src/deliver/hop.ts";
import { delivererDefaults } from "../../src/deliver/settings.ts";
import { type Running, Turns } from "../../src/deliver/turns.ts";
import { unavailable } from "../../src/mail/lookup.ts";
import { claimed, smtpTo, startDeliverer, type Trial } from "../support/deliveries.ts";
import { startDnsServer } from "../support/dns-server.ts";
import { type Sink, type SinkWays, startSink } from "../support/sinks.ts";

const sinks: Sink[] = [];
const trials: Trial[] = [];
const sink = async (ways?: SinkWays): Promise<Sink> => {
  const started = await startSink(ways);
  sinks.push(started);
  return started;
};
const start = (...[routes, settings, ...rest]: Parameters<typeof startDeliverer>): Trial => {
  const trial = startDeliverer(routes, { drainSeconds: 0.1, ...settings }, ...rest);
  trials.push(trial);
  return trial;
};
afterEach(async () => {
  for (const trial of trials.splice(0)) await trial.deliverer.drain();
  for (const started of sinks.splice(0)) await started.close();
});

/** Answers the dot after `ms`, and remembers how many messages were under way at once. */
function slowDot(ms: number) {
  let now = 0;
  let most = 0;
  const dot = async (): Promise<string> => {
    now++;
    most = Math.max(most, now);
    await sleep(ms);
    now--;
    return "250 2.0.0 ok";
  };
  return { dot, most: () => most };
}

/** The real connect, counted; and a clock that can be moved on. */
function world() {
  const real = systemEdges([]);
  let connects = 0;
  let ahead = 0;
  const connect: Connect = (target) => {
    connects++;
    return real.connect(target);
  };
  return {
    edges: { ...real, connect, elapsed: () => real.elapsed() + ahead },
    connects: () => connects,
    moveOn: (seconds: number) => {
      ahead += seconds * 1000;
    },
  };
}

describe("a next hop", () => {
  test("gets five attempts at once at first, and at most twenty", async () => {
    const slow = slowDot(40);
    const hop = await sink({ dot: slow.dot });
    const trial = start({ "*": smtpTo(hop.port) });
    for (let n = 0; n < 5; n++) trial.deliverer.accept(claimed(["a@x.test"]));
    for (let n = 0; n < 5; n++) trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(1);
    expect(slow.most()).toBeLessThanOrEqual(5);
    for (let n = 0; n < 600; n++) trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(610);
    expect(slow.most()).toBeGreaterThan(15);
    expect(slow.most()).toBeLessThanOrEqual(20);
    expect(hop.connections()).toBe(20);
  });

  test("never holds more than its share of the attempts", async () => {
    const slow = slowDot(5);
    const hop = await sink({ dot: slow.dot });
    const trial = start({ "*": smtpTo(hop.port) }, { attempts: 16 });
    for (let n = 0; n < 200; n++) trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(200);
    expect(slow.most()).toBe(4);
  });

  test("that says 421 gets fewer", async () => {
    const slow = slowDot(10);
    let sayIt = false;
    const hop = await sink({ dot: slow.dot, answer: (line) => (sayIt && line.startsWith("RCPT") ? "421 4.7.0 too many" : null) });
    const trial = start({ "*": smtpTo(hop.port) });
    sayIt = true;
    for (let n = 0; n < 5; n++) trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(5);
    sayIt = false;
    for (let n = 0; n < 2; n++) trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(7);
    expect(slow.most()).toBe(1); // one at a time; the first success allows two
  });

  test("that never answers one message still gets the others, however little it had before", async () => {
    let sayIt = true;
    const hop = await sink({
      answer: (line) => (!line.startsWith("RCPT") ? null : line.includes("stuck") ? "" : sayIt ? "421 4.7.0 too many" : null),
    });
    const trial = start({ "*": smtpTo(hop.port) }, { slowSeconds: 0.3 });
    for (let n = 0; n < 8; n++) trial.deliverer.accept(claimed(["a@x.test"])); // down to one at a time
    await trial.until(8);
    sayIt = false;
    trial.deliverer.accept(claimed(["stuck@x.test"]));
    for (let n = 0; n < 5; n++) trial.deliverer.accept(claimed(["b@x.test"]));
    await trial.until(13);
    expect(hop.taken).toHaveLength(5);
  });

  test("that is down is asked once for each step: what waits hears of it without a connect", async () => {
    const hop = await sink();
    await hop.close();
    const { edges, connects, moveOn } = world();
    const trial = start({ "*": smtpTo(hop.port) }, { retry: [60, 300] }, edges);
    for (let n = 0; n < 1000; n++) trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(1000);
    expect(connects()).toBeLessThanOrEqual(7); // five at once, and what began before the third had failed
    const first = connects();
    expect(new Set(trial.settled.map(({ verdict }) => `${verdict.kind} ${verdict.reply.enhancedStatus}`))).toEqual(
      new Set(["deferred 4.4.1"]),
    );
    const wave = async (size: number) => {
      const before = trial.settled.length;
      for (let n = 0; n < size; n++) trial.deliverer.accept(claimed(["a@x.test"]));
      await trial.until(before + size);
      return connects();
    };
    expect(await wave(500)).toBe(first); // before the step is over
    moveOn(60);
    expect(await wave(500)).toBe(first + 1); // one trial, for all
    moveOn(60);
    expect(await wave(500)).toBe(first + 1); // the second step is longer
    moveOn(240);
    expect(await wave(500)).toBe(first + 2);
  });

  test("that is back is used at once by all that wait", async () => {
    let up = false;
    const hop = await sink({ greeting: (socket) => (up ? null : (socket.destroy(), "")) });
    const { edges, moveOn } = world();
    const trial = start({ "*": smtpTo(hop.port) }, {}, edges);
    for (let n = 0; n < 20; n++) trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(20);
    up = true;
    moveOn(60);
    for (let n = 0; n < 20; n++) trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(40);
    expect(hop.taken).toHaveLength(20);
  });

  test("whose domain DNS cannot tell, or does not know, is asked for once by all that wait", async () => {
    const dns = await startDnsServer({ "broken.test": "SERVFAIL" });
    const trial = start({ "*": { kind: "mx", url: "mx:" } }, {}, systemEdges([dns.address]));
    for (let n = 0; n < 200; n++) trial.deliverer.accept(claimed(["a@broken.test", "a@gone.test"]));
    await trial.until(400);
    expect(dns.questions.length).toBeLessThan(20);
    expect(
      new Set(trial.settled.map(({ recipient, verdict }) => `${recipient.destination} ${verdict.kind} ${verdict.reply.enhancedStatus}`)),
    ).toEqual(new Set(["broken.test deferred 4.4.3", "gone.test failed 5.4.4"]));
    await dns.close();
  });

  test("is left when it has been idle for half a minute", async () => {
    const hop = await sink();
    const { edges, moveOn } = world();
    const trial = start({ "*": smtpTo(hop.port) }, {}, edges);
    trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(1);
    await sleep(300);
    expect(hop.open()).toBe(1);
    moveOn(31);
    await expect.poll(() => hop.open(), { timeout: 2000 }).toBe(0);
    expect(hop.lines.at(-1)).toBe("QUIT");
  });
});

describe("nobody waits for", () => {
  test("a list: a person's mail goes before it", async () => {
    const slow = slowDot(20);
    const hop = await sink({ dot: slow.dot });
    const trial = start({ "*": smtpTo(hop.port) });
    const members = Array.from({ length: 4000 }, (_, i) => `m${i}@x.test`);
    trial.deliverer.accept(claimed(members, undefined, { lane: 1, from: "list@campus.test" }));
    await sleep(5); // the list has begun
    trial.deliverer.accept(claimed(["bob@x.test"]));
    await expect
      .poll(() => hop.taken.findIndex((taken) => taken.rcpts[0] === "RCPT TO:<bob@x.test>"), { timeout: 5000 })
      .toBeGreaterThanOrEqual(0);
    expect(hop.taken.findIndex((taken) => taken.rcpts[0] === "RCPT TO:<bob@x.test>")).toBeLessThan(6); // of 41
    await trial.until(4001);
  });

  test("personal mail without end: a list gets its turns too", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) }, { concurrency: 1, firstConcurrency: 1 });
    for (let n = 0; n < 200; n++) trial.deliverer.accept(claimed(["bob@x.test"]));
    trial.deliverer.accept(claimed(["member@x.test"], undefined, { lane: 1 }));
    trial.deliverer.accept(claimed(["author@x.test"], undefined, { lane: 2, from: null }));
    await trial.until(202);
    const order = hop.taken.map((taken) => taken.rcpts[0]);
    expect(order.indexOf("RCPT TO:<member@x.test>")).toBeLessThan(10);
    expect(order.indexOf("RCPT TO:<author@x.test>")).toBeLessThan(10);
  });

  test("a larger list: messages take turns", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) }, { concurrency: 1, firstConcurrency: 1 });
    trial.deliverer.accept(
      claimed(
        Array.from({ length: 4000 }, (_, i) => `m${i}@x.test`),
        undefined,
        { lane: 1 },
      ),
    );
    trial.deliverer.accept(claimed(["small@x.test"], undefined, { lane: 1 }));
    await trial.until(4001);
    expect(hop.taken.findIndex((taken) => taken.rcpts[0] === "RCPT TO:<small@x.test>")).toBeLessThan(3); // of 41
  });

  test("slow hosts, however many: they stop counting, and new ones have half of the attempts at most", async () => {
    const tarpits = await Promise.all(Array.from({ length: 30 }, () => sink({ greeting: () => "" })));
    const healthy = await sink();
    const routes = Object.fromEntries(tarpits.map(({ port }, i) => [`slow${i}.test`, smtpTo(port)]));
    const trial = start({ ...routes, "*": smtpTo(healthy.port) }, { attempts: 20, slowSeconds: 0.3, slowAttempts: 40 });
    trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(1);
    for (let i = 0; i < 30; i++) for (let n = 0; n < 10; n++) trial.deliverer.accept(claimed([`a@slow${i}.test`]));
    for (let round = 0; round < 10; round++) {
      const begun = Date.now();
      const before = trial.settled.length;
      for (let n = 0; n < 20; n++) trial.deliverer.accept(claimed(["a@x.test"]));
      await trial.until(before + 20);
      expect(Date.now() - begun).toBeLessThan(500);
      await sleep(50);
    }
    expect(healthy.taken).toHaveLength(201);
    expect(trial.settled).toHaveLength(201); // all that is settled is the healthy host's
    await expect.poll(() => tarpits.reduce((sum, { open }) => sum + open(), 0), { timeout: 5000 }).toBeGreaterThan(40); // those beyond half of 20 are slow ones
    expect(tarpits.reduce((most, { open }) => Math.max(most, open()), 0)).toBeLessThanOrEqual(5);
  });
});

test("slow attempts stop counting once, and for good", () => {
  const settings = {
    ...delivererDefaults,
    hostname: "mailroom.test",
    retry: [60],
    attempts: 2,
    share: 1,
    slowSeconds: 1,
    slowAttempts: 10,
  };
  const turns = new Turns(settings);
  const hops = Array.from({ length: 8 }, (_, i) => new Hop(`hop${i}`, { kind: "mx", url: "mx:" }, `x${i}.test`, settings, 0));
  const attempt = { run: () => Promise.reject(new Error("never run")), abort: () => undefined };
  const begin = (at: number): Running[] => {
    const begun: Running[] = [];
    for (let turn = turns.next(); turn !== undefined; turn = turns.next()) {
      const running: Running = { ...turn, attempt, startedAt: at, slow: false, proven: turn.hop.proven };
      turns.begin(running);
      begun.push(running);
    }
    return begun;
  };
  for (const hop of hops) {
    hop.proven = true;
    const message = claimed(["a@x.test"]);
    hop.add(message, message.recipients, 0);
    turns.offer(hop);
  }
  const first = begin(0);
  expect(first).toHaveLength(2);
  expect(turns.markSlow(500)).toBe(false);
  expect(turns.markSlow(1500)).toBe(true);
  const second = begin(1500);
  expect(second).toHaveLength(2);
  expect(turns.markSlow(1600)).toBe(false); // the first are slow already
  expect(begin(1600)).toEqual([]);
  for (const running of first) turns.end(running);
  expect(begin(1700)).toEqual([]); // their end makes no room: they had none
  for (const running of second) turns.end(running);
  expect(begin(1800)).toHaveLength(2);
});

describe("what it holds", () => {
  test("is counted until it is settled, and lists are offered less", async () => {
    const hop = await sink({ greeting: () => "" });
    const trial = start({ "*": smtpTo(hop.port) }, { recipients: 100 });
    expect([trial.deliverer.capacity(), trial.deliverer.capacity(1), trial.deliverer.capacity(2)]).toEqual([100, 75, 100]);
    trial.deliverer.accept(claimed(["a@x.test", "b@x.test", "c@y.test"]));
    expect([trial.deliverer.capacity(0), trial.deliverer.capacity(1)]).toEqual([97, 72]);
    expect(trial.deliverer.idle()).toBe(false);
  });

  test("for one next hop is bounded: it is called full, and what is too much goes back", async () => {
    const hop = await sink({ greeting: () => "" });
    const trial = start(
      { "x.test": smtpTo(hop.port), "y.test": smtpTo(hop.port), "z.test": smtpTo((await sink()).port) },
      { recipients: 100 },
    );
    const accept = async (to: string, count: number) => {
      for (let n = 0; n < count; n++) trial.deliverer.accept(claimed([to]));
      await sleep(10);
    };
    await accept("a@x.test", 20);
    expect(trial.deliverer.fullDestinations()).toEqual([]);
    await accept("a@y.test", 15); // with five running and thirty waiting it is full, for both domains
    expect(trial.deliverer.fullDestinations().sort((a, b) => a.localeCompare(b))).toEqual(["x.test", "y.test"]);
    await accept("a@x.test", 50);
    expect(trial.released.length).toBe(30); // 85 came: 5 run, 50 wait
    await accept("a@z.test", 5);
    await trial.until(35);
    expect(trial.settled).toHaveLength(5);
  });

  test("is deferred as our own trouble when no route is known", async () => {
    const trial = start({ "x.test": unavailable(new Error("down")) });
    trial.deliverer.accept(claimed(["a@x.test", "b@breaks.test"])); // the second makes route() throw
    await trial.until(2);
    for (const { verdict } of trial.settled)
      expect(verdict).toMatchObject({ kind: "deferred", scope: "local", reply: { code: 451, enhancedStatus: "4.3.0" } });
  });

  test("is gone at once on a discard: route", async () => {
    const trial = start({ "*": { kind: "discard", url: "discard:" } });
    trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(1);
    expect(trial.settled[0]?.verdict).toMatchObject({ kind: "relayed", relay: "discard" });
  });

  test("is free again when settling fails", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) }, { recipients: 10 }, {}, () => Promise.reject(new Error("no database")));
    trial.deliverer.accept(claimed(["a@x.test"]));
    await expect.poll(() => trial.deliverer.capacity()).toBe(10);
    expect(trial.logged.join()).toContain("settling failed");
  });

  test("has its delays told", async () => {
    const hop = await sink({ dot: slowDot(120).dot });
    const trial = start({ "*": smtpTo(hop.port) }, { firstConcurrency: 1, concurrency: 1 });
    const received = new Date(Date.now() - 5000);
    for (let n = 0; n < 2; n++) trial.deliverer.accept({ ...claimed(["a@x.test"]), receivedAt: received });
    await trial.until(2);
    const [before = 0, queued = 0, connecting = 0, sending = 0] = trial.settled[1]?.delays ?? [];
    expect(before).toBeGreaterThan(4.9);
    expect(before).toBeLessThan(6);
    expect(queued).toBeGreaterThan(0.1); // behind the first
    expect(connecting).toBeLessThan(0.1);
    expect(sending).toBeGreaterThan(0.1);
  });
});

describe("draining", () => {
  test("lets what runs end, gives back what waits, leaves every session", async () => {
    const hop = await sink({ dot: slowDot(100).dot });
    const trial = start({ "*": smtpTo(hop.port) }, { drainSeconds: 5 });
    for (let n = 0; n < 50; n++) trial.deliverer.accept(claimed(["a@x.test"]));
    await sleep(30);
    await trial.deliverer.drain();
    expect(trial.deliverer.capacity()).toBe(0);
    expect(trial.settled.map(({ verdict }) => verdict.kind)).toEqual(Array.from({ length: 5 }, () => "relayed"));
    expect(trial.released).toHaveLength(45);
    await expect.poll(() => hop.open()).toBe(0);
    trial.deliverer.accept(claimed(["late@x.test"]));
    await trial.until(51);
    expect(trial.released).toHaveLength(46);
  });

  test("does not wait for ever: what the host cannot have yet goes back untried, the rest is uncertain", async () => {
    const hop = await sink({ answer: (line) => (line.includes("mute@") ? "" : null), dot: () => "" });
    const trial = start({ "*": smtpTo(hop.port) }, { drainSeconds: 0.3 });
    trial.deliverer.accept(claimed(["mute@x.test"]));
    trial.deliverer.accept(claimed(["sent@x.test"]));
    await sleep(100);
    await trial.deliverer.drain();
    expect(trial.released.map(({ finalRecipient }) => finalRecipient.key)).toEqual(["mute@x.test"]);
    expect(trial.settled.map(({ verdict }) => verdict.reply.text)).toEqual([expect.stringContaining("uncertain")]);
    expect(trial.deliverer.idle()).toBe(true);
  });

  test("of a deliverer with nothing to do ends at once", async () => {
    await start({}).deliverer.drain();
  });
});
