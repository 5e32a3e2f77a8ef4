import type { Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { selfSigned } from "../../src/config/self-signed.ts";
import { claimed, fromDatabase, smtpTo, startDeliverer, type Trial } from "../support/deliveries.ts";
import { EXTENSIONS, type Sink, type SinkWays, startSink } from "../support/sinks.ts";

const sinks: Sink[] = [];
const trials: Trial[] = [];
const sink = async (ways?: SinkWays): Promise<Sink> => {
  const started = await startSink(ways);
  sinks.push(started);
  return started;
};
const toSink = (hop: Sink, settings?: Parameters<typeof startDeliverer>[1], kind?: "smtp" | "smtps"): Trial => {
  const trial = startDeliverer({ "*": smtpTo(hop.port, kind) }, settings);
  trials.push(trial);
  return trial;
};
afterEach(async () => {
  for (const trial of trials.splice(0)) await trial.deliverer.drain();
  for (const started of sinks.splice(0)) await started.close();
});

/** Ends the connection, with or without last words; what it returns is said on a closed socket, so not at all. */
function hangUp(socket: Socket, words = "", taken = ""): string {
  if (words === "") socket.destroy();
  else socket.end(words);
  return taken;
}

/** Says 220 to STARTTLS and nothing ever after. */
function silentAfterStartTls(line: string, socket: Socket): string | null {
  if (line !== "STARTTLS") return null;
  socket.removeAllListeners("data");
  return "220 go";
}

/** Says it in segments of their own. */
function saySlowly(socket: Socket, ...parts: string[]): string {
  for (const [i, part] of parts.entries()) setTimeout(() => socket.write(part), i * 50);
  return "";
}

/** What became of the first recipient: `deferred host 450 4.4.2 text`. */
async function outcome(trial: Trial, count = 1): Promise<string> {
  await trial.until(count);
  const verdict = trial.settled[0]?.verdict;
  if (verdict === undefined) return "nothing";
  return `${verdict.kind} ${verdict.kind === "relayed" ? "" : verdict.scope} ${verdict.reply.code} ${verdict.reply.enhancedStatus} ${verdict.reply.text}`;
}

describe("a next hop that talks nonsense", () => {
  test.each<[string, SinkWays, RegExp]>([
    ["greets with words", { greeting: () => "good morning" }, /^deferred host 450 4\.4\.2/],
    ["greets with 554", { greeting: () => "554 5.7.1 blocked" }, /^deferred host 554 5\.7\.1 blocked$/],
    ["greets with 521", { greeting: () => "521 no mail here" }, /^failed host 521 5\.0\.0 no mail here$/],
    ["greets with 421", { greeting: () => "421 4.3.2 later" }, /^deferred host 421 4\.3\.2 later$/],
    ["hangs up at once", { greeting: (socket) => hangUp(socket) }, /^deferred host 450 4\.4\.2/],
    ["refuses EHLO and HELO", { answer: (line) => (/^[EH]/.test(line) ? "502 5.5.1 no" : null) }, /^deferred host 502 5\.5\.1/],
    [
      "answers MAIL with words",
      { answer: (line) => (line.startsWith("MAIL") ? "fine, fine" : null) },
      /^deferred host 450 4\.4\.2 .*not an SMTP reply/,
    ],
    [
      "answers MAIL with 354",
      { answer: (line) => (line.startsWith("MAIL") ? "354 go" : null) },
      /^deferred host 450 4\.4\.2 .*out of place/,
    ],
    [
      "answers RCPT with 354",
      { answer: (line) => (line.startsWith("RCPT") ? "354 go" : null) },
      /^deferred host 450 4\.4\.2 .*out of place/,
    ],
    ["answers DATA with 250", { answer: (line) => (line === "DATA" ? "250 ok" : null) }, /^deferred host 450 4\.4\.2 .*out of place/],
    ["answers the dot with words", { dot: () => "whatever" }, /^deferred host 450 4\.4\.2/],
    ["answers with an unknown 6yz", { dot: () => "650 hm" }, /^deferred host 450 4\.4\.2/],
    ["answers the dot with 354", { dot: () => "354 more" }, /^deferred message 354/],
    ["says 503 to MAIL", { answer: (line) => (line.startsWith("MAIL") ? "503 5.5.1 not now" : null) }, /^deferred message 503/],
    ["wants TLS first", { answer: (line) => (line.startsWith("MAIL") ? "530 5.7.0 STARTTLS" : null) }, /^deferred message 530/],
    ["refuses MAIL", { answer: (line) => (line.startsWith("MAIL") ? "550 5.1.8 no" : null) }, /^failed message 550 5\.1\.8 no$/],
    ["refuses DATA", { answer: (line) => (line === "DATA" ? "554 5.3.0 no" : null) }, /^failed message 554 5\.3\.0/],
    ["refuses the content", { dot: () => "550 5.7.1 spam" }, /^failed message 550 5\.7\.1 spam$/],
    ["defers the content", { dot: () => "451 4.7.1 later" }, /^deferred message 451 4\.7\.1 later$/],
    ["has a full mailbox", { answer: (line) => (line.startsWith("RCPT") ? "552 5.2.2 full" : null) }, /^failed recipient 552 5\.2\.2/],
    ["has too many recipients", { answer: (line) => (line.startsWith("RCPT") ? "552 too many" : null) }, /^deferred recipient 552/],
    [
      "colours its words",
      { dot: () => "550-5.7.1 \x1b[31mred\x07\r\n550 5.7.1 \u00e9\u2028t\u00e9 \x00" },
      /^failed message 550 5\.7\.1 [ -~]*red[ -~]*$/,
    ],
  ])("%s", async (_, ways, expected) => {
    const hop = await sink(ways);
    const trial = toSink(hop);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(expected);
    expect(hop.taken).toEqual([]);
  });

  test("a host that asks for the data though it took nobody gets none", async () => {
    const hop = await sink({ answer: (line) => (line.startsWith("RCPT") ? "550 5.1.1 no" : line === "DATA" ? "354 all the same" : null) });
    const trial = toSink(hop);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^failed recipient 550/);
    trial.deliverer.accept(claimed(["b@x.test"]));
    await trial.until(2);
    expect(hop.connections()).toBe(2); // the first was left
    expect(hop.taken).toEqual([]);
  });

  test("a final reply that comes with 354, before our dot, delivers nothing", async () => {
    const hop = await sink({ answer: (line) => (line === "DATA" ? "354 go\r\n250 2.0.0 queued already" : null), dot: () => "" });
    const trial = toSink(hop);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.4\.2 .*before the end of the data/);
    expect(hop.taken).toEqual([]);
  });

  test("a final reply amid the data delivers nothing", async () => {
    let say = () => {};
    const hop = await sink({
      answer(line, socket) {
        if (line === "DATA") say = () => socket.write("250 2.0.0 thanks, enough\r\n");
        return null;
      },
    });
    const trial = toSink(hop);
    const pieces = Array.from({ length: 8 }, () => Buffer.from("x".repeat(65_534).concat("\r\n")));
    const content = fromDatabase(pieces, async () => {
      say();
      await new Promise((resolve) => setTimeout(resolve, 100)); // the reply is here before the last piece and the dot
    });
    trial.deliverer.accept(claimed(["a@x.test"], Buffer.concat(pieces), { content }));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.4\.2/);
    expect(hop.taken).toEqual([]);
  });

  test("a million continuation lines end at 64 KiB", async () => {
    const flood = (socket: Socket) => {
      const lines = "250-and so on\r\n".repeat(10_000);
      for (let i = 0; i < 100; i++) socket.write(lines);
      return "";
    };
    const hop = await sink({ answer: (line, socket) => (line.startsWith("MAIL") ? flood(socket) : null) });
    const trial = toSink(hop);
    const before = process.memoryUsage().heapUsed;
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.4\.2 .*exceeds maximum/);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  });

  test.each(["greeting", "mail"])("one line without end in answer to %s ends at 64 KiB", async (where) => {
    const flood = (socket: Socket) => saySlowly(socket, `250 ${"x".repeat(200_000)}`);
    const hop = await sink(
      where === "greeting" ? { greeting: flood } : { answer: (line, socket) => (line.startsWith("MAIL") ? flood(socket) : null) },
    );
    const trial = toSink(hop);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.4\.2 .*exceeds maximum/);
  });
});

describe("a next hop that takes its time", () => {
  const drip = (socket: Socket) => {
    const timer = setInterval(() => socket.write("2"), 30);
    socket.on("close", () => clearInterval(timer));
    return "";
  };

  test.each<[string, SinkWays]>([
    ["the greeting", { greeting: drip }],
    ["the reply to EHLO", { answer: (line, socket) => (line.startsWith("EHLO") ? drip(socket) : null) }],
    ["the reply to MAIL", { answer: (line, socket) => (line.startsWith("MAIL") ? drip(socket) : null) }],
  ])("%s octet by octet: the attempt has an end", async (_, ways) => {
    const hop = await sink(ways);
    const trial = toSink(hop, { attemptSeconds: 0.5 });
    const begun = Date.now();
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.4\.7/);
    expect(Date.now() - begun).toBeLessThan(2000);
  });

  test("the reply to the dot: nobody knows, so it is tried again and counted", async () => {
    const hop = await sink({ dot: (_, socket) => drip(socket) });
    const trial = toSink(hop, { attemptSeconds: 0.5 });
    trial.deliverer.accept(claimed(["a@x.test", "b@x.test"]));
    expect(await outcome(trial, 2)).toMatch(/^deferred host 450 4\.4\.2 .*outcome uncertain/);
    expect(trial.duplicateRisk()).toBe(2);
  });

  test("a host that is silent", async () => {
    const hop = await sink({ answer: (line) => (line.startsWith("MAIL") ? "" : null) });
    const trial = toSink(hop, { silenceSeconds: 0.3 });
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.4\.2/);
  });

  test("a host that does not read: the attempt has an end, memory does not fill", async () => {
    const hop = await sink({
      answer(line, socket) {
        if (line !== "DATA") return null;
        socket.pause();
        return "354 go";
      },
    });
    const trial = toSink(hop, { attemptSeconds: 0.7 });
    let given = 0;
    const piece = Buffer.from(`${"x".repeat(65_534)}\r\n`);
    const content = {
      inMemory: () => null,
      async *chunks() {
        for (; given < 4000; given++) yield piece;
      },
    };
    trial.deliverer.accept(claimed(["a@x.test"], piece, { content }));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.4\.7/);
    expect(given).toBeLessThan(400); // of 262 MB no more was read than the sockets between us hold
  });
});

describe("a next hop that closes", () => {
  test("after the dot: uncertain, deferred, counted", async () => {
    const hop = await sink({ dot: (_, socket) => hangUp(socket) });
    const trial = toSink(hop);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.4\.2 .*outcome uncertain/);
    expect(trial.duplicateRisk()).toBe(1);
    expect(trial.logged.join()).toContain("outcome uncertain");
  });

  test.each<[string, SinkWays]>([
    ["without a word", { answer: (line, socket, finished) => (finished > 0 && line.startsWith("MAIL") ? hangUp(socket) : null) }],
    [
      "with 421",
      { answer: (line, socket, finished) => (finished > 0 && line.startsWith("MAIL") ? hangUp(socket, "421 4.4.2 idle\r\n") : null) },
    ],
    ["as soon as a message is done", { dot: (_, socket) => hangUp(socket, "250 2.0.0 ok\r\n", "2") }],
  ])("between messages, %s: the next one goes over a fresh connection, in the same attempt", async (_, ways) => {
    const hop = await sink(ways);
    const trial = toSink(hop);
    for (let n = 1; n <= 3; n++) {
      trial.deliverer.accept(claimed([`a${n}@x.test`]));
      await trial.until(n);
    }
    expect(trial.settled.map((s) => s.verdict.kind)).toEqual(["relayed", "relayed", "relayed"]);
    expect(hop.connections()).toBe(3);
  });

  test("with each connection's first MAIL: deferred, not tried for ever", async () => {
    const hop = await sink({ answer: (line, socket) => (line.startsWith("MAIL") ? hangUp(socket) : null) });
    const trial = toSink(hop);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.4\.2/);
    expect(hop.connections()).toBe(1);
  });

  test("amid RCPT with 421: its words are the reply", async () => {
    const hop = await sink({ answer: (line, socket) => (line.startsWith("RCPT") ? hangUp(socket, "421 4.7.0 too fast\r\n") : null) });
    const trial = toSink(hop);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toBe("deferred host 421 4.7.0 too fast");
  });
});

describe("TLS", () => {
  const pair = selfSigned("localhost", new Date());

  test("is used where it is offered, whatever the certificate", async () => {
    const hop = await sink({ extensions: [...EXTENSIONS, "STARTTLS"], tls: pair });
    const trial = toSink(hop);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^relayed/);
    expect(hop.taken[0]?.tls).toBe(true);
  });

  test.each<[string, SinkWays]>([
    ["STARTTLS is refused", { answer: (line) => (line === "STARTTLS" ? "454 4.7.0 not now" : null) }],
    [
      "the handshake is garbage",
      { answer: (line, socket) => (line === "STARTTLS" ? saySlowly(socket, "220 go\r\n", "this is no TLS at all, sorry\r\n") : null) },
    ],
    ["the host hangs up in the handshake", { answer: (line, socket) => (line === "STARTTLS" ? hangUp(socket, "220 go\r\n") : null) }],
  ])("opportunistic: when %s the mail goes in clear", async (_, ways) => {
    const hop = await sink({ extensions: [...EXTENSIONS, "STARTTLS"], ...ways });
    const trial = toSink(hop);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^relayed/);
    expect(hop.taken[0]?.tls).toBe(false);
  });

  test("what was said before the handshake counts for nothing after it", async () => {
    // Extensions slipped in behind the 220 would have MAIL ask for DSN.
    const hop = await sink({
      extensions: ["PIPELINING", "STARTTLS"],
      tls: pair,
      answer: (line, socket) => {
        if (line !== "STARTTLS") return null;
        socket.write("220 go\r\n250-evil\r\n250 DSN\r\n");
        return "";
      },
    });
    const trial = toSink(hop, { silenceSeconds: 1, greetingSeconds: 1 });
    trial.deliverer.accept(claimed(["a@x.test"], undefined, { recipient: () => ({ dsn: { notify: ["NEVER"], orcpt: null } }) }));
    await trial.until(1);
    expect(hop.lines.join()).not.toContain("NOTIFY");
  });

  test("smtps: proves the host", async () => {
    const hop = await sink({ tls: { ...pair, implicit: true } });
    const route = { kind: "smtps", host: "localhost", port: hop.port, url: "smtps://localhost" } as const;
    const trial = startDeliverer({ "*": route }, { authorities: pair.cert });
    trials.push(trial);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^relayed/);
    expect(hop.taken[0]?.tls).toBe(true);
  });

  test.each([
    ["an unknown authority", pair, null],
    ["another name", selfSigned("other.test", new Date()), "its own"],
  ])("smtps: never goes to a host with %s, nor in clear", async (_, shown, authority) => {
    const hop = await sink({ tls: { ...shown, implicit: true } });
    const route = { kind: "smtps", host: "localhost", port: hop.port, url: "smtps://localhost" } as const;
    const trial = startDeliverer({ "*": route }, authority === null ? {} : { authorities: shown.cert });
    trials.push(trial);
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.(7\.5|4\.\d)/);
    expect([hop.lines, hop.connections()]).toEqual([[], 1]); // no second try either
  });

  test("a handshake that never ends costs the greeting's patience, then the mail goes in clear", async () => {
    const hop = await sink({ extensions: [...EXTENSIONS, "STARTTLS"], answer: silentAfterStartTls });
    const trial = toSink(hop, { greetingSeconds: 0.3 });
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^relayed/);
    expect(hop.taken[0]?.tls).toBe(false);
  });

  test("an attempt cut in the handshake ends, and does not go on in clear", async () => {
    const hop = await sink({ extensions: [...EXTENSIONS, "STARTTLS"], answer: silentAfterStartTls });
    const trial = toSink(hop, { attemptSeconds: 0.3 });
    trial.deliverer.accept(claimed(["a@x.test"]));
    expect(await outcome(trial)).toMatch(/^deferred host 450 4\.4\.7/);
    expect(hop.taken).toEqual([]);
  });
});
