/**
 * What src/deliver/session.ts relies on inside nodemailer's SMTPConnection, each asked of the real thing over a socket. When the
 * pinned version moves and one of these fails, session.ts has to be read again.
 */
import { connect, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Session } from "../../src/deliver/session.ts";
import { SessionLost } from "../../src/deliver/session-lost.ts";
import { transact } from "../../src/deliver/transaction.ts";
import { type Sink, startSink } from "../support/sinks.ts";

let sink: Sink;
let socket: Socket;
let session: Session;
let say: (text: string) => void;
beforeEach(async () => {
  sink = await startSink({
    extensions: ["PIPELINING", "SIZE 1000", "AUTH PLAIN"],
    greeting(hostSide) {
      say = (text) => hostSide.write(text);
      return null;
    },
    answer: (line) => (line.startsWith("XSILENT") ? "" : null),
  });
  socket = connect(sink.port, "127.0.0.1");
  await new Promise((resolve) => socket.once("connect", resolve));
  session = new Session({ connection: socket, name: "mailroom.test", ignoreTLS: true, socketCloseTimeout: 0, logger: false });
});
afterEach(async () => {
  session.close();
  await sink.close();
});

const heard = (): Promise<string[]> =>
  new Promise((resolve) => {
    const replies: string[] = [];
    const take = (raw: string) => {
      replies.push(raw);
      if (replies.length === 2) resolve(replies);
    };
    session._responseActions.push(take, take);
  });

describe("nodemailer's session", () => {
  test("has the EHLO lines without code and host name in _ehloLines", async () => {
    await session.open();
    expect(session._ehloLines).toEqual(["PIPELINING", "SIZE 1000", "AUTH PLAIN"]);
    expect([session.offers("PIPELINING"), session.offers("DSN"), session.sizeLimit]).toEqual([true, false, 1000]);
  });

  test("calls each of _responseActions once, with a whole reply, its lines joined by LF", async () => {
    await session.open();
    const both = heard();
    say("250-one\r\n250 tw");
    say("o\r\n550 three\r\n");
    expect(await both).toEqual(["250-one\n250 two", "550 three"]);
  });

  test("runs a promise's continuation before it takes the next reply of the same segment, which waits in _responseQueue", async () => {
    await session.open();
    const waiting = await new Promise<number>((resolve) => {
      const first = new Promise<void>((took) => session._responseActions.push(() => took()));
      void first.then(() => resolve(session._responseQueue.length)); // as transact goes on after 354
      session.on("error", () => undefined);
      say("354 go\r\n250 too early\r\n");
    });
    expect(waiting).toBe(1);
  });

  test("keeps an unfinished line in _remainder", async () => {
    await session.open();
    say("250 unfinish");
    await expect.poll(() => session._remainder).toBe("250 unfinish");
  });

  test("ends with an error when a reply comes that nobody waits for", async () => {
    await session.open();
    const error = new Promise<Error>((resolve) => session.once("error", resolve));
    say("250 hello?\r\n");
    expect((await error).message).toContain("Unexpected Response");
    expect(session.usable).toBe(false);
  });

  test("takes an early 421 for the end of the session", async () => {
    await session.open();
    say("421 4.3.2 bye\r\n");
    await expect.poll(() => session.usable).toBe(false);
    await expect(
      transact(session, { mail: "MAIL FROM:<>", rcpts: ["RCPT TO:<a@x.test>"], prefix: Buffer.alloc(0), content: [] }),
    ).rejects.toThrow(SessionLost);
  });

  test("connects over the socket it is given and to nowhere else", async () => {
    await session.open();
    expect(sink.connections()).toBe(1);
    expect(session._socket).toBe(socket);
  });

  test("closes the socket at once, also while somebody waits", async () => {
    await session.open();
    const waiting = session.rset();
    session.abort(new Error("enough"));
    expect(await waiting).toBe(false);
    expect(socket.destroyed).toBe(true);
    expect(() => session.leave()).not.toThrow();
  });
});
