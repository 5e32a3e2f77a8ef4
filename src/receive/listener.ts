import type net from "node:net";
import type tls from "node:tls";
import { SMTPServer } from "smtp-server";
import type { SMTPConnectionOptions } from "smtp-server/lib/smtp-connection.js";
import { replies } from "../mail/replies.ts";
import { type Reply, replyLine } from "../mail/reply.ts";
import type { Context, Service } from "./context.ts";
import { Session } from "./session.ts";

/** RFC 4954 §4: octets of an AUTH command or response with its CRLF. */
const AUTH_LINE = 12_288;

/** One listening address. Takes connections, or says at once why not. */
export class Listener extends SMTPServer {
  readonly service: Service;
  readonly #context: Context;

  constructor(context: Context, service: Service) {
    const { limits, settings } = context;
    super({
      ...settings.tls,
      name: settings.hostname,
      minVersion: "TLSv1.2", // RFC 8996 §2
      secure: service === "submissions", // RFC 8314 §3.3
      maxClients: limits.connections, // of handshakes before the first octet of SMTP
      socketTimeout: limits.firstMailTimeout, // and how long each may take
      maxCommandLength: service === "smtp" ? limits.commandLength : Math.max(limits.commandLength, AUTH_LINE),
      size: limits.size,
      hideENHANCEDSTATUSCODES: false,
      hideDSN: false,
      disabledCommands: ["AUTH", "WIZ", "SHELL", "KILL", "XCLIENT", "XFORWARD"],
      disableReverseLookup: true,
      highWaterMark: 1, // of a socket that is not read, no more than one segment is taken from the kernel
      logger: false,
    });
    this.#context = context;
    this.service = service;
    // The library reports failed handshakes and resets here; without a listener the process would end.
    this.on("error", (error: Error & { code?: string }) =>
      context.deps.log.debug("smtp.connection_error", { code: error.code ?? error.name }),
    );
  }

  /** We speak no PROXY protocol. Going on at once, a socket is never without somebody who hears its errors. */
  override _handleProxy(socket: net.Socket, callback: (error: null, options: SMTPConnectionOptions & { id: string }) => void): void {
    callback(null, { id: String(socket.remotePort) });
  }

  /** With TLS from the first octet a connection counts from before its handshake: a stranger's unfinished ones are limited too. */
  override _acceptSocket(socket: net.Socket, handshake: boolean): (() => void) | false {
    if (!handshake) return super._acceptSocket(socket, handshake);
    const { counts } = this.#context;
    const [address, known] = this.#whoIs(socket);
    if (socket.destroyed || counts.admit(address, known) !== null) {
      socket.on("error", () => {}); // there is no reply before the handshake
      socket.destroy();
      return false;
    }
    socket.once("close", () => counts.release(address, known));
    return super._acceptSocket(socket, handshake);
  }

  /** The server stops: nobody waits for handshakes that are under way. */
  dropHandshakes(): void {
    for (const topmost of this._pendingSockets.values()) topmost.destroy();
  }

  #whoIs(socket: net.Socket): [address: string, known: boolean] {
    const { deps, uncounted } = this.#context;
    const address = socket.remoteAddress ?? "";
    return [address, uncounted.contain(address) || deps.isNextHop?.(address) === true];
  }

  override connect(socket: net.Socket, options?: SMTPConnectionOptions | null): void {
    const { counts, deps } = this.#context;
    if (socket.destroyed) return; // gone already: nobody would give its place back
    const [address, known] = this.#whoIs(socket);
    const counted = this.service === "submissions";
    const paused = this.#context.draining ? replies.shuttingDown : deps.accepting() ? null : replies.intakePaused;
    const refusal = paused ?? (counted ? null : counts.admit(address, known));
    if (refusal === null) this.#open(socket, options ?? {}, counted ? () => {} : () => counts.release(address, known));
    else {
      deps.maillog.refused({ client: address, hello: null, command: "CONNECT", from: null, to: null, reply: replyLine(refusal) });
      refuse(socket, refusal);
    }
  }

  #open(socket: net.Socket, options: SMTPConnectionOptions, closed: () => void): void {
    const { metrics } = this.#context.deps;
    metrics.connects.inc();
    const session = new Session(this, socket, options, this.#context, this.service);
    this.connections.add(session);
    session.once("closed", () => {
      closed();
      metrics.disconnects.inc();
    });
    session.init();
  }

  override onSecure(socket: net.Socket | tls.TLSSocket, _session: unknown, callback: () => void): void {
    this.#context.deps.metrics.tlsConnections.inc({ protocol: ("getProtocol" in socket && socket.getProtocol()) || "unknown" });
    callback();
  }

  get sessions(): Session[] {
    return [...this.connections] as Session[];
  }
}

/** In the place of a greeting (RFC 5321 §3.1), without the cost of a session. */
function refuse(socket: net.Socket, reply: Reply): void {
  socket.on("error", () => {}); // it is on its way out
  socket.end(`${replyLine(reply)}\r\n`, "latin1");
  socket.resume();
  setTimeout(() => socket.destroy(), 1000).unref();
}
