import { createServer, type Socket } from "node:net";
import { TLSSocket } from "node:tls";

/** What a fake next hop took: the envelope as it was spoken, and the octets between 354 and the final dot, dots undone. */
export type Taken = { readonly mail: string; readonly rcpts: readonly string[]; readonly content: Buffer; readonly tls: boolean };

/** A fake next hop's ways. Each hook speaks in place of the usual reply; null: the usual one; an empty string: silence. */
export type SinkWays = {
  readonly extensions?: readonly string[];
  readonly lmtp?: boolean;
  /** Key and certificate for STARTTLS, or from the first octet on. */
  readonly tls?: { readonly key: string; readonly cert: string; readonly implicit?: boolean };
  /** `connection` counts from 1. */
  readonly greeting?: (socket: Socket, connection: number) => string | null;
  /** Sees every command line; `finished`: transactions this connection has ended. */
  readonly answer?: (line: string, socket: Socket, finished: number) => string | null;
  /** The reply to the final dot, now or later; with LMTP one line for each RCPT taken. */
  readonly dot?: (taken: Taken, socket: Socket, finished: number) => string | null | Promise<string>;
};

/** A next hop over real sockets. */
export type Sink = {
  readonly port: number;
  readonly taken: Taken[];
  /** Every command heard. */
  readonly lines: string[];
  /** How many connections there were, and are. */
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
  const server = createServer((plain) => {
    sockets.add(plain);
    plain.setNoDelay(true); // replies go out one by one: Nagle would hold the second for 40 ms
    plain.on("close", () => sockets.delete(plain));
    plain.on("error", () => undefined);
    const socket = ways.tls?.implicit ? new TLSSocket(plain, { isServer: true, ...ways.tls }) : plain;
    new Dialogue(ways, taken, lines).begin(socket, ++connections);
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

/** One connection to a fake next hop. */
class Dialogue {
  readonly #ways: SinkWays;
  readonly #taken: Taken[];
  readonly #lines: string[];
  #socket: Socket | null = null;
  #buffered = Buffer.alloc(0);
  /** Behind #buffered, and joined to it when an end is in sight: a large message is not copied with each segment. */
  #more: Buffer[] = [];
  #tail = Buffer.alloc(0);
  #inData = false;
  #mail = "";
  /** A MAIL was taken, and neither RSET nor a final dot has come since. */
  #open = false;
  #rcpts: string[] = [];
  #finished = 0;

  constructor(ways: SinkWays, taken: Taken[], lines: string[]) {
    this.#ways = ways;
    this.#taken = taken;
    this.#lines = lines;
  }

  begin(socket: Socket, connection: number): void {
    this.#listenTo(socket);
    this.#say(this.#ways.greeting?.(socket, connection) ?? "220 sink ESMTP");
  }

  #listenTo(socket: Socket): void {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => {
      this.#more.push(chunk);
      const window = Buffer.concat([this.#tail, chunk]);
      this.#tail = window.subarray(-4);
      if (this.#inData && !window.includes(".\r\n")) return;
      this.#buffered = Buffer.concat([this.#buffered, ...this.#more.splice(0)]);
      while (this.#inData ? this.#readData() : this.#readLine());
    });
  }

  #say(text: string): void {
    if (text !== "" && this.#socket?.writable) this.#socket.write(`${text}\r\n`);
  }

  #readLine(): boolean {
    const end = this.#buffered.indexOf("\r\n");
    if (end < 0) return false;
    const line = this.#buffered.toString("utf8", 0, end);
    this.#buffered = this.#buffered.subarray(end + 2);
    this.#command(line, line.slice(0, 4).toUpperCase());
    return true;
  }

  #command(line: string, verb: string): void {
    const socket = this.#socket as Socket;
    this.#lines.push(line);
    const reply = this.#ways.answer?.(line, socket, this.#finished) ?? this.#usual(verb);
    if (verb === "MAIL" || verb === "RSET") this.#rcpts = [];
    if (verb === "MAIL" || verb === "RSET") this.#open = verb === "MAIL" && !/^[45]/.test(reply);
    if (verb === "MAIL") this.#mail = line;
    if (verb === "RCPT" && reply.startsWith("2")) this.#rcpts.push(line);
    if (verb === "DATA" && reply.startsWith("354")) this.#inData = true;
    this.#say(reply);
    if (verb === "QUIT") socket.end();
    if (verb === "STAR" && reply.startsWith("2") && this.#ways.tls) {
      socket.removeAllListeners("data");
      this.#listenTo(new TLSSocket(socket, { isServer: true, ...this.#ways.tls }));
    }
  }

  #usual(verb: string): string {
    const { extensions = EXTENSIONS } = this.#ways;
    switch (verb) {
      case "EHLO":
      case "LHLO":
        return ["sink", ...extensions].map((word, i) => `250${i === extensions.length ? " " : "-"}${word}`).join("\r\n");
      case "HELO":
      case "RSET":
        return "250 2.0.0 Ok";
      case "MAIL":
        return this.#open ? "503 5.5.1 nested MAIL" : "250 2.1.0 Ok";
      case "RCPT":
        return "250 2.1.5 Ok";
      case "DATA":
        return this.#rcpts.length > 0 ? "354 Go on" : "554 5.5.1 No valid recipients";
      case "STAR":
        return "220 2.0.0 Go ahead";
      case "QUIT":
        return "221 2.0.0 Bye";
      default:
        return "502 5.5.2 What?";
    }
  }

  #readData(): boolean {
    // An empty message ends with its first line.
    const isEmpty = this.#buffered.subarray(0, 3).equals(Buffer.from(".\r\n"));
    const end = isEmpty ? -2 : this.#buffered.indexOf("\r\n.\r\n");
    if (end === -1) return false;
    const wire = this.#buffered.subarray(0, end + 2);
    this.#buffered = this.#buffered.subarray(end + 5);
    this.#finish(wire);
    return true;
  }

  #finish(wire: Buffer): void {
    const socket = this.#socket as Socket;
    this.#inData = false;
    this.#open = false;
    this.#finished++;
    const message = { mail: this.#mail, rcpts: this.#rcpts, content: undotted(wire), tls: socket instanceof TLSSocket };
    const usual = this.#ways.lmtp ? this.#rcpts.map(() => "250 2.0.0 Ok").join("\r\n") : "250 2.0.0 Ok: queued";
    const end = (reply: string): void => {
      if (reply.startsWith("2") || this.#ways.lmtp) this.#taken.push(message);
      this.#say(reply);
    };
    const reply = this.#ways.dot?.(message, socket, this.#finished) ?? usual;
    this.#rcpts = [];
    if (typeof reply === "string") end(reply);
    else void reply.then(end);
  }
}

/** RFC 5321 §4.5.2, undone the slow and plain way. */
function undotted(wire: Buffer): Buffer {
  return Buffer.from(wire.toString("latin1").replace(/(^|\r\n)\./g, "$1"), "latin1");
}
