import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { DotStuffer } from "../../src/deliver/dot-stuff.ts";
import type { Mailbox } from "../../src/mail/mailbox.ts";
import type { ClaimedMessage } from "../../src/queue/claim.ts";
import { ContentDamaged } from "../../src/queue/content.ts";
import { claimed, fromDatabase, inMemory, smtpTo, startDeliverer, type Trial } from "../support/deliveries.ts";
import { EXTENSIONS, type Sink, type SinkWays, startSink } from "../support/sinks.ts";

const sinks: Sink[] = [];
const trials: Trial[] = [];
const sink = async (ways?: SinkWays, path?: string): Promise<Sink> => {
  const started = await startSink(ways, path);
  sinks.push(started);
  return started;
};
const start = (...args: Parameters<typeof startDeliverer>): Trial => {
  const trial = startDeliverer(...args);
  trials.push(trial);
  return trial;
};
afterEach(async () => {
  for (const trial of trials.splice(0)) {
    await trial.deliverer.drain();
    expect(trial.deliverer.idle()).toBe(true);
  }
  for (const started of sinks.splice(0)) await started.close();
});

const verdicts = ({ settled }: Trial): Record<string, string> =>
  Object.fromEntries(
    settled.map(({ recipient, verdict }) => [
      recipient.finalRecipient.key,
      `${verdict.kind} ${verdict.reply.code} ${verdict.reply.enhancedStatus}`,
    ]),
  );
const withPrefix = (content: Buffer): Buffer => Buffer.concat([Buffer.from("Received: from here\r\n"), content]);

describe("content", () => {
  test("arrives octet for octet behind the prefix, from memory and from the database", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) });
    const content = Buffer.from("Subject: x\r\n\r\n.\r\n..\r\nline\r\n.end \xff\x00\r\n.\r\n", "latin1");
    trial.deliverer.accept(claimed(["bob@x.test"], content));
    trial.deliverer.accept(claimed(["bob@x.test"], content, { content: fromDatabase([...content].map((octet) => Buffer.from([octet]))) }));
    await trial.until(2);
    expect(hop.taken.map((taken) => taken.content.equals(withPrefix(content)))).toEqual([true, true]);
    expect(hop.taken[0]?.mail).toBe(`MAIL FROM:<ann@campus.test> SIZE=${withPrefix(content).length}`);
    expect(hop.taken[0]?.rcpts).toEqual(["RCPT TO:<bob@x.test>"]);
    expect(trial.settled[0]?.verdict).toMatchObject({
      kind: "relayed",
      relay: `127.0.0.1[127.0.0.1]:${hop.port}`,
      reply: { text: "Ok: queued" },
    });
  });

  test("any content in any pieces arrives octet for octet", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) });
    const line = fc.oneof(
      fc.constantFrom("", ".", "..", ".x", " .", "x."),
      fc
        .uint8Array({ maxLength: 40 })
        .map((octets) => Buffer.from(octets.filter((octet) => octet !== 10 && octet !== 13)).toString("latin1")),
    );
    const message = fc.record({
      lines: fc.array(line, { maxLength: 12 }),
      cuts: fc.array(fc.nat({ max: 200 }), { maxLength: 6 }),
      stored: fc.boolean(),
    });
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(message, async ({ lines, cuts, stored }) => {
        const content = Buffer.from(`A: b\r\n\r\n${lines.map((text) => `${text}\r\n`).join("")}`, "latin1");
        const at = [0, ...cuts.filter((cut) => cut < content.length).sort((a, b) => a - b), content.length];
        const pieces = at.slice(1).map((end, i) => content.subarray(at[i], end));
        const source = stored ? fromDatabase(pieces) : { ...inMemory(content), inMemory: () => pieces };
        trial.deliverer.accept(claimed(["bob@x.test"], content, { content: source }));
        await trial.until(++sent);
        expect(hop.taken.at(-1)?.content.toString("latin1")).toBe(withPrefix(content).toString("latin1"));
      }),
      { numRuns: 150 },
    );
    expect(hop.connections()).toBe(1);
  });

  test("of dot lines, or of empty ones, costs no more than a few looks at each octet", () => {
    const pieces = (unit: string) => Array.from({ length: 60 }, () => Buffer.from(unit.repeat(262_144 / unit.length)));
    const cpu = (work: (piece: Buffer) => unknown, all: readonly Buffer[]): number => {
      for (const piece of all.slice(0, 10)) work(piece); // warm
      const begun = process.cpuUsage();
      for (const piece of all) work(piece);
      return process.cpuUsage(begun).user;
    };
    const look = (piece: Buffer): number => {
      let dots = 0;
      for (let at = 0; at < piece.length; at++) if (piece[at] === 46) dots++;
      return dots;
    };
    const stuffer = new DotStuffer();
    const stuff = (piece: Buffer) => stuffer.add(piece);
    const once = cpu(look, pieces("..\r\n"));
    expect(cpu(stuff, pieces("..\r\n"))).toBeLessThan(once * 15);
    expect(cpu(stuff, pieces("\r\n"))).toBeLessThan(once * 15);
    expect(cpu(stuff, pieces(`${"plain text, ".repeat(10)}123456\r\n`))).toBeLessThan(once * 5);
  });

  test.each([
    ["a bare LF", "A: b\r\n\r\nx\ny\r\n"],
    ["a bare CR", "A: b\r\n\r\nx\ry\r\n"],
    ["LF dot LF, which a lax host takes for the end", "A: b\r\n\r\nx\n.\nMAIL FROM:<evil@x.test>\r\n"],
    ["no line end at the end", "A: b\r\n\r\nx"],
    ["a CR at the end", "A: b\r\n\r\nx\r"],
  ])("with %s is kept back: no dot is sent", async (_, content) => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) });
    trial.deliverer.accept(claimed(["bob@x.test"], content));
    trial.deliverer.accept(claimed(["bob@x.test"], content, { content: fromDatabase([Buffer.from(content)]) }));
    await trial.until(2);
    expect(trial.settled.map(({ verdict }) => `${verdict.kind} ${verdict.kind === "deferred" && verdict.scope}`)).toEqual([
      "deferred local",
      "deferred local",
    ]);
    expect(hop.taken).toEqual([]);
  });

  test("that is damaged, or cannot be read to its end, is never completed", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) });
    const pieces = [Buffer.from("Subject: x\r\n\r\nfirst half\r\n"), Buffer.from("second half\r\n")];
    for (const error of [new ContentDamaged("length or SHA-256 differs"), new Error("database is gone")]) {
      const content = fromDatabase(pieces, () => Promise.reject(error));
      trial.deliverer.accept(claimed(["bob@x.test"], Buffer.concat(pieces), { content }));
    }
    await trial.until(2);
    expect(trial.settled.map(({ verdict }) => verdict)).toMatchObject([
      { kind: "deferred", scope: "local", reply: { code: 451, enhancedStatus: "4.3.0" } },
      { kind: "deferred", scope: "local", reply: { code: 451, enhancedStatus: "4.3.0" } },
    ]);
    expect(hop.taken).toEqual([]);
    expect(trial.duplicateRisk()).toBe(0);
  });

  test("a large message goes out whole", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) });
    const piece = Buffer.from(`${"0123456789abcdef".repeat(4)}\r\n`.repeat(3971)); // 262,086 octets
    const pieces = Array.from({ length: 20 }, () => piece);
    trial.deliverer.accept(claimed(["bob@x.test"], Buffer.concat(pieces)));
    trial.deliverer.accept(claimed(["bob@x.test"], Buffer.concat(pieces), { content: fromDatabase(pieces) }));
    await trial.until(2);
    for (const taken of hop.taken) expect(taken.content.equals(withPrefix(Buffer.concat(pieces)))).toBe(true);
    expect(hop.taken).toHaveLength(2);
  });
});

describe("recipients", () => {
  test.each([true, false])("each has its own outcome, and the session goes on (pipelining: %s)", async (pipelining) => {
    const replies: Record<string, string> = { "bad@x.test": "550 5.1.1 no such", "later@x.test": "451 4.2.0 greylisted" };
    const hop = await sink({
      ...(pipelining ? {} : { extensions: ["8BITMIME"] }),
      answer: (line) => replies[/^RCPT TO:<(.*?)>/.exec(line)?.[1] ?? ""] ?? null,
    });
    const trial = start({ "*": smtpTo(hop.port) });
    trial.deliverer.accept(claimed(["a@x.test", "bad@x.test", "later@x.test", "b@x.test"]));
    await trial.until(4);
    expect(verdicts(trial)).toEqual({
      "a@x.test": "relayed 250 2.0.0",
      "bad@x.test": "failed 550 5.1.1",
      "later@x.test": "deferred 451 4.2.0",
      "b@x.test": "relayed 250 2.0.0",
    });
    trial.deliverer.accept(claimed(["bad@x.test"])); // nobody is taken: RSET, and on
    await trial.until(5);
    trial.deliverer.accept(claimed(["c@x.test"]));
    await trial.until(6);
    expect(hop.taken.map((taken) => taken.rcpts.length)).toEqual([2, 1]);
    expect(hop.connections()).toBe(1);
    expect(hop.lines.filter((line) => line === "DATA").length).toBe(pipelining ? 3 : 2);
  });

  test("of one message with one reverse-path share a transaction, up to a hundred", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) });
    const to = Array.from({ length: 250 }, (_, i) => `m${i}@x.test`);
    trial.deliverer.accept(claimed(to, undefined, { lane: 1 }));
    await trial.until(250);
    expect(hop.taken.map((taken) => taken.rcpts.length).sort((a, b) => a - b)).toEqual([50, 100, 100]);
    expect(new Set(hop.taken.flatMap((taken) => taken.rcpts)).size).toBe(250);
  });

  test("with another reverse-path go apart", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) });
    const message = claimed(["a@x.test", "b@x.test", "c@x.test"]);
    const [a, b, c] = message.recipients;
    if (!a || !b || !c) throw new Error("three");
    const list: Mailbox = { localPart: "list-bounces", domain: "campus.test", key: "list-bounces@campus.test" };
    trial.deliverer.accept({ ...message, recipients: [a, { ...b, reversePath: list }, { ...c, reversePath: null }] });
    await trial.until(3);
    expect(hop.taken.map((taken) => taken.mail.replace(/ SIZE.*/, "")).sort()).toEqual([
      "MAIL FROM:<>",
      "MAIL FROM:<ann@campus.test>",
      "MAIL FROM:<list-bounces@campus.test>",
    ]);
  });

  test.each(["452 4.5.3 too many", "552 too many recipients"])(
    "beyond the host's limit (%s) go at once in further transactions",
    async (reply) => {
      let inTransaction = 0;
      const hop = await sink({
        answer(line) {
          if (line.startsWith("MAIL")) inTransaction = 0;
          return line.startsWith("RCPT") && ++inTransaction > 10 ? reply : null;
        },
      });
      const trial = start({ "*": smtpTo(hop.port) }, { firstConcurrency: 1, concurrency: 1 });
      trial.deliverer.accept(claimed(Array.from({ length: 25 }, (_, i) => `m${i}@x.test`)));
      await trial.until(25);
      expect(new Set(trial.settled.map(({ verdict }) => verdict.kind))).toEqual(new Set(["relayed"]));
      expect(hop.taken.map((taken) => taken.rcpts.length)).toEqual([10, 10, 5]);
      trial.deliverer.accept(claimed(Array.from({ length: 24 }, (_, i) => `n${i}@x.test`)));
      await trial.until(49);
      expect(hop.lines.filter((line) => line.startsWith("RCPT")).length).toBe(25 + 15 + 24 + 2); // two asked in vain, to see whether eleven fit by now
    },
  );

  test.each([
    ["a line end", "a>\r\nRCPT TO:<evil"],
    ["a NUL", "a\0b"],
  ])("that are no mailboxes (%s) never reach the wire", async (_, localPart) => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) });
    const bad: Mailbox = { localPart, domain: "x.test", key: `${localPart}@x.test` };
    trial.deliverer.accept(claimed(["a@x.test"], undefined, { recipient: () => ({ finalRecipient: bad }) }));
    await trial.until(1);
    expect(trial.settled[0]?.verdict).toMatchObject({ kind: "deferred", scope: "local" });
    expect(hop.lines.filter((line) => !line.startsWith("EHLO"))).toEqual([]);
  });

  test("with quoted local parts keep their quotes", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port) });
    trial.deliverer.accept(claimed(['"a b>c"@x.test', '"q\\"q"@x.test']));
    await trial.until(2);
    expect(hop.taken[0]?.rcpts).toEqual(['RCPT TO:<"a b>c"@x.test>', 'RCPT TO:<"q\\"q"@x.test>']);
  });
});

describe("extensions", () => {
  const eightBit = "Subject: x\r\n\r\nna\u00efve\r\n";
  const utf8Header = "Subject: na\u00efve\r\n\r\nx\r\n";
  const utf8 = { smtputf8: true } as const;
  const without = (...names: string[]) => EXTENSIONS.filter((extension) => !names.includes(extension.split(" ")[0] ?? ""));

  test.each<[string, readonly string[], ClaimedMessage, string, RegExp | null]>([
    [
      "8BITMIME is passed on",
      EXTENSIONS,
      claimed(["a@x.test"], eightBit, { envelope: { body: "8BITMIME" } }),
      "relayed 250 2.0.0",
      / BODY=8BITMIME$/,
    ],
    [
      "8-bit content to a host without 8BITMIME fails",
      without("8BITMIME"),
      claimed(["a@x.test"], eightBit, { envelope: { body: "8BITMIME" } }),
      "failed 554 5.6.3",
      null,
    ],
    [
      "ASCII that was only declared as 8-bit does not",
      without("8BITMIME"),
      claimed(["a@x.test"], undefined, { envelope: { body: "8BITMIME" } }),
      "relayed 250 2.0.0",
      /^(?!.*BODY)/,
    ],
    ["SMTPUTF8 is passed on", EXTENSIONS, claimed(["a@x.test"], utf8Header, { envelope: utf8 }), "relayed 250 2.0.0", / SMTPUTF8$/],
    [
      "a UTF-8 header to a host without SMTPUTF8 fails",
      without("SMTPUTF8"),
      claimed(["a@x.test"], utf8Header, { envelope: utf8 }),
      "failed 550 5.6.7",
      null,
    ],
    [
      "a UTF-8 body does not need it",
      without("SMTPUTF8"),
      claimed(["a@x.test"], eightBit, { envelope: utf8 }),
      "relayed 250 2.0.0",
      /^(?!.*SMTPUTF8)/,
    ],
    [
      "a UTF-8 reverse-path needs it",
      without("SMTPUTF8"),
      claimed(["a@x.test"], undefined, { from: "\u00e4nn@campus.test", envelope: utf8 }),
      "failed 550 5.6.7",
      null,
    ],
    [
      "a larger message than the host takes fails",
      ["SIZE 60"],
      claimed(["a@x.test"], `Subject: x\r\n\r\n${"y".repeat(80)}\r\n`),
      "failed 552 5.3.4",
      null,
    ],
    ["one of the size it takes does not", ["SIZE 60"], claimed(["a@x.test"], "S: x\r\n\r\n"), "relayed 250 2.0.0", / SIZE=29$/],
    ["SIZE without a figure is no limit", ["SIZE"], claimed(["a@x.test"]), "relayed 250 2.0.0", / SIZE=\d+$/],
    [
      "a keyword in the host's name is none",
      ["x-dsn-size 8bitmime smtputf8"],
      claimed(["a@x.test"], undefined, { envelope: { ...utf8, ret: "HDRS" } }),
      "relayed 250 2.0.0",
      /^MAIL FROM:<ann@campus.test>$/,
    ],
  ])("%s", async (_, extensions, message, expected, mail) => {
    const hop = await sink({ extensions });
    const trial = start({ "*": smtpTo(hop.port) });
    trial.deliverer.accept(message);
    await trial.until(1);
    expect(verdicts(trial)).toEqual({ "a@x.test": expected });
    if (mail !== null) expect(hop.taken[0]?.mail).toMatch(mail);
    else expect(hop.lines.filter((line) => !line.startsWith("EHLO"))).toEqual([]); // nothing of it was sent
  });

  test("a UTF-8 recipient fails alone where SMTPUTF8 is missing, and has it asked for where it is not", async () => {
    const to = ["a@x.test", "\u00fc@x.test"];
    const lacking = await sink({ extensions: without("SMTPUTF8") });
    const trial = start({ "*": smtpTo(lacking.port) });
    trial.deliverer.accept(claimed(to));
    await trial.until(2);
    expect(verdicts(trial)).toEqual({ "a@x.test": "relayed 250 2.0.0", "\u00fc@x.test": "failed 550 5.6.7" });
    const having = await sink();
    const second = start({ "*": smtpTo(having.port) });
    second.deliverer.accept(claimed(to));
    await second.until(2);
    expect(having.taken[0]).toMatchObject({
      mail: expect.stringMatching(/ SMTPUTF8$/),
      rcpts: ["RCPT TO:<a@x.test>", "RCPT TO:<\u00fc@x.test>"],
    });
  });

  test("DSN parameters go on per recipient where offered, and not with a list's copy", async () => {
    const hop = await sink();
    const trial = start({ "*": smtpTo(hop.port), "y.test": smtpTo((await sink({ extensions: without("DSN") })).port) });
    const dsn = [
      { notify: ["SUCCESS", "DELAY"], orcpt: "rfc822;Bob+2Bx@x.test" },
      { notify: null, orcpt: null },
    ] as const;
    const message = claimed(["a@x.test", "b@x.test", "a@y.test"], undefined, {
      envelope: { ret: "HDRS", envid: "QQ314159" },
      recipient: (n) => ({ dsn: dsn[n] ?? dsn[0] }),
    });
    trial.deliverer.accept(message);
    const list: Mailbox = { localPart: "l", domain: "campus.test", key: "l@campus.test" };
    trial.deliverer.accept({ ...message, recipients: message.recipients.slice(0, 1).map((r) => ({ ...r, reversePath: list })) });
    await trial.until(4);
    const own = hop.taken.find((taken) => taken.mail.startsWith("MAIL FROM:<ann"));
    expect(own?.mail).toMatch(/ RET=HDRS ENVID=QQ314159$/);
    expect(own?.rcpts).toEqual(["RCPT TO:<a@x.test> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2Bx@x.test", "RCPT TO:<b@x.test>"]);
    const lists = hop.taken.find((taken) => taken.mail.startsWith("MAIL FROM:<l@"));
    expect(lists?.mail).not.toMatch(/RET|ENVID/);
    expect(lists?.rcpts).toEqual(["RCPT TO:<a@x.test>"]);
    expect(sinks[1]?.taken[0]).toMatchObject({ mail: expect.not.stringMatching(/RET/), rcpts: ["RCPT TO:<a@y.test>"] });
  });

  test("a host that knows no EHLO is spoken to with HELO", async () => {
    const hop = await sink({ answer: (line) => (line.startsWith("EHLO") ? "500 5.5.2 What?" : null) });
    const trial = start({ "*": smtpTo(hop.port) });
    trial.deliverer.accept(claimed(["a@x.test"]));
    await trial.until(1);
    expect(hop.lines.slice(0, 4)).toEqual([
      "EHLO mailroom.test",
      "HELO mailroom.test",
      "MAIL FROM:<ann@campus.test>",
      "RCPT TO:<a@x.test>",
    ]);
    expect(hop.taken).toHaveLength(1);
  });
});

describe("LMTP", () => {
  test("answers for each recipient, over TCP and over a Unix socket", async () => {
    const folder = await mkdtemp(join(tmpdir(), "lmtp-"));
    const ways: SinkWays = {
      lmtp: true,
      answer: (line) => (line.includes("nobody@") ? "550 5.1.1 no such" : null),
      dot: () => "250 2.0.0 saved\r\n452 4.2.2 over quota\r\n550-5.2.2 full\r\n550 5.2.2 for ever",
    };
    const overTcp = await sink(ways);
    await sink(ways, join(folder, "lmtp"));
    const trial = start({
      "x.test": smtpTo(overTcp.port, "lmtp"),
      "y.test": { kind: "lmtpSocket", path: join(folder, "lmtp"), url: `lmtp:${folder}/lmtp` },
    });
    for (const domain of ["x.test", "y.test"]) {
      trial.deliverer.accept(claimed(["a", "nobody", "b", "c"].map((name) => `${name}@${domain}`)));
    }
    await trial.until(8);
    const expected = (domain: string) => ({
      [`a@${domain}`]: "relayed 250 2.0.0",
      [`nobody@${domain}`]: "failed 550 5.1.1",
      [`b@${domain}`]: "deferred 452 4.2.2",
      [`c@${domain}`]: "failed 550 5.2.2",
    });
    expect(verdicts(trial)).toEqual({ ...expected("x.test"), ...expected("y.test") });
    expect(overTcp.lines[0]).toBe("LHLO mailroom.test");
    await rm(folder, { recursive: true });
  });

  test("recipients that differ in case alone go apart: some hosts answer for one of them only", async () => {
    const hop = await sink({ lmtp: true });
    const trial = start({ "*": smtpTo(hop.port, "lmtp") });
    trial.deliverer.accept(claimed(["bob@x.test", "Bob@x.test", "eve@x.test"]));
    await trial.until(3);
    expect(hop.taken.map((taken) => taken.rcpts.length).sort((a, b) => a - b)).toEqual([1, 2]);
  });

  test("a host that closes amid its answers: those it answered for have theirs, the others are uncertain", async () => {
    const hop = await sink({
      lmtp: true,
      dot(_, socket) {
        socket.end("250 2.0.0 saved\r\n452 4.2.2 full\r\n");
        return "2";
      },
    });
    const trial = start({ "*": smtpTo(hop.port, "lmtp") });
    trial.deliverer.accept(claimed(["a@x.test", "b@x.test", "c@x.test", "d@x.test"]));
    await trial.until(4);
    expect(verdicts(trial)).toEqual({
      "a@x.test": "relayed 250 2.0.0",
      "b@x.test": "deferred 452 4.2.2",
      "c@x.test": "deferred 450 4.4.2",
      "d@x.test": "deferred 450 4.4.2",
    });
    expect(trial.duplicateRisk()).toBe(2);
  });
});
