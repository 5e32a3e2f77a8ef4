import { createServer, type Server, type Socket } from "node:net";

/** What a fake next hop took: the envelope as it was spoken, and the octets between 354 and the final dot, dots undone. */
export type Taken = { readonly mail: string; readonly rcpts: readonly string[]; readonly content: Buffer };

/** A fake next hop's ways. Each hook answers one command; null: the usual reply; an empty string: silence. */
export type SinkWays = {
  readonly extensions?: readonly string[];
  readonly lmtp?: boolean;
  readonly greeting?: (socket: Socket, connection: number) => string | null;
  /** Sees every command line, and how many transactions this connection has finished. */
  readonly answer?: (line: string, socket: Socket, finished: number) => string | null;
  /** Replies to the final dot, one per RCPT taken with LMTP. */
  readonly dot?: (taken: Taken, socket: Socket) => string | null;
};

/** A next hop over real sockets. `lines` is every command it heard. */
export type Sink = {
  readonly port: number;
  readonly taken: Taken[];
  readonly lines: string[];
  connections(): number;
  open(): number;
  close(): Promise<void>;
};

export const EXTENSIONS = ["PIPELINING", "8BITMIME", "SIZE 0", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"] as const;

/** Starts a next hop on a free port of 127.0.0.1, or on a Unix socket. */
export async function startSink(ways: SinkWays = {}, path?: string): Promise<Sink> {
  const taken: Taken[] = [];
  const lines: string[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    socket.setNoDelay(true);
    speak(socket, ways, ++connections, taken, lines);
  });
  await new Promise<void>((resolve) => (path === undefined ? server.listen(0, "127.0.0.1", resolve) : server.listen(path, resolve)));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    taken,
    lines,
    connections: () => connections,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function speak(socket: Socket, ways: SinkWays, connection: number, taken: Taken[], lines: string[]): void {
  let buffered = Buffer.alloc(0);
  let inData = false;
  let mail = "";
  let rcpts: string[] = [];
  let finished = 0;
  const say = (text: string) => {
    if (text !== "" && socket.writable) socket.write(`${text}\r\n`);
  };
  say(ways.greeting ? (ways.greeting(socket, connection) ?? "220 sink ESMTP") : "220 sink ESMTP");

  const usual = (line: string): string => {
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "EHLO" || verb === "LHLO") {
      const extensions = ways.extensions ?? EXTENSIONS;
      return ["sink", ...extensions].map((word, i, all) => `250${i === all.length - 1 ? " " : "-"}${word}`).join("\r\n");
    }
    if (verb === "HELO" || verb === "RSET" || verb === "NOOP") return "250 2.0.0 Ok";
    if (verb === "QUIT") return "221 2.0.0 Bye";
    if (verb === "MAIL") return "250 2.1.0 Ok";
    if (verb === "RCPT") return "250 2.1.5 Ok";
    if (verb === "DATA") return rcpts.length > 0 ? "354 Go on" : "554 5.5.1 No valid recipients";
    return "502 5.5.2 What?";
  };

  const command = (line: string): void => {
    lines.push(line);
    const reply = ways.answer?.(line, socket, finished) ?? usual(line);
    const verb = line.slice(0, 4).toUpperCase();
    if (verb === "MAIL" || verb === "RSET") rcpts = [];
    if (verb === "MAIL") mail = line;
    if (verb === "RCPT" && reply.startsWith("2")) rcpts.push(line);
    if (verb === "DATA" && reply.startsWith("354")) inData = true;
    say(reply);
    if (verb === "QUIT") socket.end();
  };

  const finish = (wire: Buffer): void => {
    inData = false;
    finished++;
    const message = { mail, rcpts, content: undotted(wire) };
    const reply = ways.dot?.(message, socket) ?? (ways.lmtp ? rcpts.map(() => "250 2.0.0 Ok").join("\r\n") : "250 2.0.0 Ok: queued");
    if (reply.startsWith("2") || ways.lmtp) taken.push(message);
    rcpts = [];
    say(reply);
  };

  socket.on("data", (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (;;) {
      if (inData) {
        // An empty message ends with the first line.
        const end = buffered.subarray(0, 3).equals(Buffer.from(".\r\n")) ? -2 : buffered.indexOf("\r\n.\r\n");
        if (end === -1) return;
        const wire = buffered.subarray(0, end + 2);
        buffered = buffered.subarray(end + 5);
        finish(wire);
      } else {
        const end = buffered.indexOf("\r\n");
        if (end < 0) return;
        const line = buffered.toString("utf8", 0, end);
        buffered = buffered.subarray(end + 2);
        command(line);
      }
    }
  });
}

/** RFC 5321 §4.5.2, undone the slow and plain way. */
function undotted(wire: Buffer): Buffer {
  const text = wire.toString("latin1");
  return Buffer.from(text.replace(/(^|\r\n)\./g, "$1"), "latin1");
}
