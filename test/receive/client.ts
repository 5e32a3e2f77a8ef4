import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

/** An SMTP client that sends exactly the octets it is told to. */
export class Client {
  #socket: net.Socket;
  #heard = "";
  #ended = false;
  #wake: () => void = () => {};

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.#listen();
  }

  /** Connects; the greeting is the first thing to hear. `early`: sent as soon as there is a connection. */
  static async connect(port: number, host = "127.0.0.1", early = ""): Promise<Client> {
    const socket = net.connect({ port, host, noDelay: true });
    if (early !== "") socket.write(early);
    const client = new Client(socket);
    await once(socket, "connect");
    return client;
  }

  /** Connected, and greeted with EHLO. */
  static async greeted(port: number, host?: string): Promise<Client> {
    const client = await Client.connect(port, host);
    await client.hear();
    await client.ask("EHLO client.test");
    return client;
  }

  #listen(): void {
    this.#socket.on("data", (octets: Buffer) => {
      this.#heard += octets.toString("latin1");
      this.#wake();
    });
    for (const event of ["close", "end", "error"]) {
      this.#socket.on(event, () => {
        this.#ended = true;
        this.#wake();
      });
    }
  }

  send(octets: string | Buffer): void {
    this.#socket.write(typeof octets === "string" ? Buffer.from(octets, "latin1") : octets);
  }

  /** The next whole reply, all its lines, without the last line end. "closed" when the server ends the connection instead. */
  async hear(): Promise<string> {
    for (;;) {
      const reply = /^(?:[0-9]{3}-[^\r\n]*\r\n)*[0-9]{3}(?: [^\r\n]*)?\r\n/.exec(this.#heard)?.[0];
      if (reply !== undefined) {
        this.#heard = this.#heard.slice(reply.length);
        return reply.slice(0, -2);
      }
      if (this.#ended) return this.#heard === "" ? "closed" : `closed after ${JSON.stringify(this.#heard)}`;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async ask(line: string | Buffer): Promise<string> {
    this.send(typeof line === "string" ? `${line}\r\n` : line);
    return this.hear();
  }

  /** Sends what stands behind DATA's 354, and hears the answer. */
  async transact(content: string | Buffer, to = "u@campus.test", from = "a@evil.test"): Promise<string> {
    for (const line of [`MAIL FROM:<${from}>`, `RCPT TO:<${to}>`, "DATA"]) {
      const reply = await this.ask(line);
      if (!/^[23]/.test(reply)) return reply;
    }
    this.send(content);
    return this.hear();
  }

  async startTls(options: tls.ConnectionOptions = {}): Promise<tls.TLSSocket> {
    this.#socket.removeAllListeners("data");
    const secure = tls.connect({ socket: this.#socket, rejectUnauthorized: false, ...options });
    await once(secure, "secureConnect"); // rejects when the handshake fails
    this.#socket = secure;
    this.#listen();
    return secure;
  }

  /** Nothing heard within `ms`. */
  async silent(ms: number): Promise<boolean> {
    await new Promise((resolve) => setTimeout(resolve, ms));
    return this.#heard === "" && !this.#ended;
  }

  /** Half-closes: the server sees FIN. */
  end(): void {
    this.#socket.end();
  }

  /** The server sees RST. */
  reset(): void {
    this.#socket.resetAndDestroy();
  }

  close(): void {
    this.#socket.destroy();
  }
}
