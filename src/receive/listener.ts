import type net from "node:net";
import type tls from "node:tls";
import { SMTPServer } from "smtp-server";
import type { SMTPConnectionOptions } from "smtp-server/lib/smtp-connection.js";
import { replies } from "../mail/replies.ts";
import { type Reply, replyLine } from "../mail/reply.ts";
import type { Context } from "./context.ts";
import { Session } from "./session.ts";

/** One listening address. Takes connections, or says at once why not. */
export class Listener extends SMTPServer {
  readonly #context: Context;

  constructor(context: Context) {
    const { limits, settings } = context;
    super({
      ...settings.tls,
      name: settings.hostname,
      minVersion: "TLSv1.2", // RFC 8996 §2
      maxCommandLength: limits.commandLength,
      size: limits.size,
      hideENHANCEDSTATUSCODES: false,
      hideDSN: false,
      disabledCommands: ["AUTH", "WIZ", "SHELL", "KILL", "XCLIENT", "XFORWARD"],
      disableReverseLookup: true,
      highWaterMark: 1, // of a socket that is not read, no more than one segment is taken from the kernel
      logger: false,
    });
    this.#context = context;
    // The library reports failed handshakes and resets here; without a listener the process would end.
    this.on("error", (error: Error & { code?: string }) =>
      context.deps.log.debug("smtp.connection_error", { code: error.code ?? error.name }),
    );
  }

  /** We speak no PROXY protocol. Going on at once, a socket is never without somebody who hears its errors. */
  override _handleProxy(socket: net.Socket, callback: (error: null, options: SMTPConnectionOptions & { id: string }) => void): void {
    callback(null, { id: String(socket.remotePort) });
  }

  override connect(socket: net.Socket, options?: SMTPConnectionOptions | null): void {
    const { counts, deps, uncounted } = this.#context;
    if (socket.destroyed) return; // gone already: nobody would give its place back
    const address = socket.remoteAddress ?? "";
    const known = uncounted.contain(address) || deps.isNextHop?.(address) === true;
    const paused = this.#context.draining ? replies.shuttingDown : deps.accepting() ? null : replies.intakePaused;
    const refusal = paused ?? counts.admit(address, known);
    if (refusal === null) this.#open(socket, options ?? {}, () => counts.release(address, known));
    else {
      deps.maillog.refused({ client: address, hello: null, command: "CONNECT", from: null, to: null, reply: replyLine(refusal) });
      refuse(socket, refusal);
    }
  }

  #open(socket: net.Socket, options: SMTPConnectionOptions, closed: () => void): void {
    const { metrics } = this.#context.deps;
    metrics.connects.inc();
    const session = new Session(this, socket, options, this.#context);
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
