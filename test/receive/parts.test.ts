import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { replies } from "../../src/mail/replies.ts";
import { Blocks } from "../../src/receive/blocks.ts";
import { ConnectionCounts } from "../../src/receive/connection-counts.ts";
import { Content } from "../../src/receive/content.ts";
import { inTime, Late } from "../../src/receive/in-time.ts";
import { defaultLimits } from "../../src/receive/limits.ts";
import { Patience } from "../../src/receive/patience.ts";
import { Transaction } from "../../src/receive/transaction.ts";
import { countedAs, parseNetworks } from "../../src/sending/networks.ts";
import { silentLog } from "../support/sql.ts";
import { mailbox } from "./campus.ts";

describe("networks", () => {
  const networks = parseNetworks(["192.0.2.0/24", "2001:db8::/32", "198.51.100.7", "2001:db9::1"]);

  test.each([
    ["192.0.2.0", true],
    ["192.0.2.255", true],
    ["192.0.3.0", false],
    ["::ffff:192.0.2.9", true],
    ["198.51.100.7", true],
    ["198.51.100.8", false],
    ["2001:db8:ffff::1", true],
    ["2001:db9::1", true],
    ["2001:db9::2", false],
    ["", false],
    ["nonsense", false],
  ])("%s: %s", (address, contained) => {
    expect(networks.contain(address)).toBe(contained);
  });

  test.each(["nonsense", "192.0.2.0/33", "192.0.2.0/", "2001:db8::/129", "192.0.2/24x"])("%s is no network", (text) => {
    expect(() => parseNetworks([text])).toThrow();
  });

  test("nobody is in no network", () => {
    expect(parseNetworks([]).contain("127.0.0.1")).toBe(false);
  });

  test("connections are counted by address, and by /64", () => {
    expect(countedAs("::ffff:192.0.2.1")).toBe(countedAs("192.0.2.1"));
    expect(countedAs("192.0.2.1")).not.toBe(countedAs("192.0.2.2"));
    expect(countedAs("2001:db8:0:1::1")).toBe(countedAs("2001:db8:0:1:ffff::2"));
    expect(countedAs("2001:db8:0:1::1")).not.toBe(countedAs("2001:db8:0:2::1"));
  });
});

describe("connection counts at n-1, n, n+1", () => {
  test("of one stranger", () => {
    const counts = new ConnectionCounts({ ...defaultLimits, connectionsPerClient: 2 });
    expect(counts.admit("192.0.2.1", false)).toBe(null);
    expect(counts.admit("192.0.2.1", false)).toBe(null);
    expect(counts.admit("192.0.2.1", false)).toBe(replies.tooManyConnections);
    expect(counts.admit("192.0.2.2", false)).toBe(null);
    expect(counts.admit("192.0.2.1", true)).toBe(null);
    counts.release("192.0.2.1", false);
    expect(counts.admit("192.0.2.1", false)).toBe(null);
    expect(counts.total).toBe(4);
  });

  test("of all, with a part for those we know", () => {
    const counts = new ConnectionCounts({ ...defaultLimits, connections: 5, reservedConnections: 0.2 });
    for (let i = 0; i < 4; i++) expect(counts.admit(`192.0.2.${i}`, false)).toBe(null);
    expect(counts.admit("192.0.2.9", false)).toBe(replies.busy);
    expect(counts.admit("10.0.0.1", true)).toBe(null);
    expect(counts.admit("10.0.0.1", true)).toBe(replies.busy);
    counts.release("10.0.0.1", true);
    expect(counts.admit("10.0.0.1", true)).toBe(null);
  });

  test("are given back to nothing", () => {
    const counts = new ConnectionCounts(defaultLimits);
    for (let i = 0; i < 20; i++) counts.admit("192.0.2.1", false);
    expect(counts.admit("192.0.2.1", false)).toBe(replies.tooManyConnections);
    for (let i = 0; i < 20; i++) counts.release("192.0.2.1", false);
    expect(counts.total).toBe(0);
    for (let i = 0; i < 20; i++) expect(counts.admit("192.0.2.1", false)).toBe(null);
  });
});

describe("patience at n-1, n, n+1", () => {
  test("refused commands: half at once, the rest slowly, then none", () => {
    const patience = new Patience({ ...defaultLimits, refusedCommands: 20 });
    const how = Array.from({ length: 21 }, () => patience.refusal());
    expect(how.map((each) => each === "at once").lastIndexOf(true)).toBe(8); // the tenth is the first that is slow
    expect(how.slice(9, 20)).toEqual(Array(11).fill("slowly"));
    expect(how[20]).toBe("no more");
  });

  test("idle commands, until a message is accepted", () => {
    const patience = new Patience({ ...defaultLimits, idleCommands: 2 });
    expect([patience.idleCommand(), patience.idleCommand(), patience.idleCommand()]).toEqual([true, true, false]);
    patience.messageAccepted();
    expect([patience.idleCommand(), patience.idleCommand(), patience.idleCommand()]).toEqual([true, true, false]);
  });

  test("the second bad line and the third long one are the last", () => {
    const patience = new Patience(defaultLimits);
    expect([patience.badLine("bareLineEnd"), patience.badLine("bareLineEnd")]).toEqual([true, false]);
    expect([patience.badLine("tooLong"), patience.badLine("tooLong"), patience.badLine("tooLong")]).toEqual([true, true, false]);
  });
});

describe("blocks", () => {
  test("give out all octets in order, in few pieces, and write into none of them afterwards", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 9000 }), { maxLength: 40 }), (pieces) => {
        const given: { octets: Buffer; before: string }[] = [];
        const blocks = new Blocks((octets) => {
          given.push({ octets, before: octets.toString("latin1") });
          return undefined;
        });
        for (const piece of pieces) void blocks.add(Buffer.from(piece));
        void blocks.flush();
        expect(Buffer.concat(given.map(({ octets }) => octets))).toEqual(Buffer.concat(pieces));
        for (const { octets, before } of given) expect(octets.toString("latin1")).toBe(before);
      }),
      { numRuns: 200 },
    );
  });

  test("a million octets one by one are some dozens of blocks", () => {
    let count = 0;
    const blocks = new Blocks((octets) => {
      count += octets.length > 0 ? 1 : 0;
      return undefined;
    });
    const octet = Buffer.from("x");
    for (let i = 0; i < 1_000_000; i++) void blocks.add(octet);
    void blocks.flush();
    expect(count).toBeLessThan(40);
  });

  test("order is kept while the queue is waited for", async () => {
    const given: string[] = [];
    const blocks = new Blocks(async (octets) => {
      await new Promise(setImmediate);
      given.push(...new Set(octets.toString("latin1")));
    });
    await blocks.add(Buffer.alloc(100, "a"));
    await blocks.add(Buffer.alloc(5000, "b"));
    await blocks.add(Buffer.alloc(4000, "c"));
    await blocks.add(Buffer.alloc(4000, "d"));
    await blocks.flush();
    expect(given.join("")).toBe("abcd");
  });
});

describe("in time", () => {
  test("what is done in time is passed on, result or error", async () => {
    await expect(inTime(Promise.resolve(1), 1000, "it")).resolves.toBe(1);
    await expect(inTime(Promise.reject(new Error("no")), 1000, "it")).rejects.toThrow("no");
  });

  test("what is not is Late, and what comes afterwards is nobody's error", async () => {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error("afterwards")), 30));
    await expect(inTime(late, 10, "it")).rejects.toThrow(Late);
    await new Promise((resolve) => setTimeout(resolve, 40));
  });
});

describe("a transaction", () => {
  const envelope = { reversePath: mailbox("a@evil.test"), smtputf8: false, body: "7BIT", ret: null, envid: null } as const;
  const final = (to: string, from: string, list: string | null = null, held: string | null = null) => ({
    mailbox: mailbox(to),
    paths: [[from, to]],
    morePaths: 0,
    list: list === null ? null : { address: mailbox(list), leaver: mailbox(to), takesPosts: true, answersForAnother: false },
    held: held === null ? null : { reason: held, by: null },
  });
  const to = (...recipients: readonly ReturnType<typeof final>[]) => ({ recipients, posts: [], deadEnds: [] });
  const recipientsOf = ({ copies }: Transaction) => copies.map(({ recipient }) => recipient);
  const dsn = { notify: ["FAILURE"], orcpt: "rfc822;x" } as const;

  test("one row for each final recipient, with all paths, and what the first forward-path asked", () => {
    const transaction = new Transaction(envelope, true);
    transaction.add(mailbox("one@campus.test"), dsn, to(final("u@x.test", "one@campus.test")), 10);
    transaction.add(mailbox("two@campus.test"), { notify: null, orcpt: null }, to(final("u@x.test", "two@campus.test")), 10);
    expect(recipientsOf(transaction)).toEqual([
      {
        finalRecipient: mailbox("u@x.test"),
        originalRecipient: "one@campus.test",
        reversePath: envelope.reversePath,
        lane: 0,
        paths: [
          ["one@campus.test", "u@x.test"],
          ["two@campus.test", "u@x.test"],
        ],
        dsn,
        held: null,
      },
    ]);
  });

  test("a list's copies have its bounce address, their own lane, and nothing of what the sender asked", () => {
    const transaction = new Transaction(envelope, true);
    transaction.add(mailbox("staff@campus.test"), dsn, to(final("u@x.test", "staff@campus.test", "staff@campus.test")), 10);
    expect(recipientsOf(transaction)[0]).toMatchObject({
      reversePath: mailbox("staff-bounces@campus.test"),
      list: { address: "staff@campus.test", member: "u@x.test" },
      lane: 1,
      dsn: { notify: null, orcpt: null },
    });
  });

  test("named alone as well, in either order: the sender's own copy, held by nobody", () => {
    const list = final("u@x.test", "staff@campus.test", "staff@campus.test", "for the moderator");
    const alone = final("u@x.test", "u@campus.test");
    for (const order of [
      [list, alone],
      [alone, list],
    ]) {
      const transaction = new Transaction(envelope, true);
      for (const one of order) transaction.add(mailbox(one.paths[0]?.[0] ?? ""), dsn, to(one), 10);
      expect(recipientsOf(transaction)).toMatchObject([{ reversePath: envelope.reversePath, lane: 0, held: null, dsn }]);
    }
  });

  test("a list under many names: ten paths of each member; under one name many times: one", () => {
    const transaction = new Transaction(envelope, true);
    for (let i = 0; i < 30; i++)
      transaction.add(mailbox(`a${i % 15}@campus.test`), dsn, to(final("u@x.test", `a${i % 15}@campus.test`)), 10);
    expect(transaction.forwardPaths).toBe(30);
    expect(recipientsOf(transaction)[0]?.paths.map(([first]) => first)).toEqual(Array.from({ length: 10 }, (_, i) => `a${i}@campus.test`));
    const again = new Transaction(envelope, true);
    for (let i = 0; i < 3; i++) again.add(mailbox("u@campus.test"), dsn, to(final("u@x.test", "u@campus.test")), 10);
    expect(recipientsOf(again)[0]?.paths).toEqual([["u@campus.test", "u@x.test"]]);
    expect(again.onlyForwardPath?.key).toBe("u@campus.test");
  });

  test("the only forward-path is known as long as there is one", () => {
    const transaction = new Transaction(envelope, true);
    expect(transaction.onlyForwardPath).toBe(null);
    transaction.add(mailbox("u@campus.test"), dsn, to(), 10);
    expect(transaction.onlyForwardPath?.key).toBe("u@campus.test");
    transaction.add(mailbox("v@campus.test"), dsn, to(), 10);
    expect(transaction.onlyForwardPath).toBe(null);
  });
});

test("a header sent octet by octet is kept in a few blocks, not in a Buffer per octet", () => {
  const written: Buffer[] = [];
  const intake = {
    messageId: 1n,
    queueId: "1",
    write: (octets: Buffer) => void written.push(octets),
    commit: async () => {},
    abort: async () => {},
  };
  const content = new Content(intake, defaultLimits, silentLog);
  const header = `Subject: ${"x".repeat(15_000)}\r\n\r\n`;
  for (const octet of Buffer.from(`${header}body`)) {
    const segment = Buffer.alloc(1, octet);
    expect(content.scanner.scan(segment, 0)).toBe(-1);
    void content.take(content.scanner.piece);
  }
  void content.finish();
  const concat = vi.spyOn(Buffer, "concat");
  expect(content.header().toString()).toBe(header);
  const joined = concat.mock.calls.map(([pieces]) => pieces.length);
  concat.mockRestore();
  expect(Math.max(...joined)).toBeLessThan(10);
  expect(Buffer.concat(written).toString()).toBe(`${header}body`);
});
