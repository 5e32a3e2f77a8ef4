import type { Socket } from "node:net";
import type { Route } from "../directory/directory.ts";
import type { Edges } from "./edges.ts";
import type { Host } from "./next-hop.ts";
import { Session } from "./session.ts";
import { SessionLost } from "./session-lost.ts";
import type { AllSettings } from "./settings.ts";

/**
 * A session with one host, through greeting, EHLO and, where offered, STARTTLS. `using` is given each session begun, so that a
 * deadline can cut it. Throws SessionLost.
 */
export async function openSession(
  route: Route,
  host: Host,
  edges: Edges,
  settings: AllSettings,
  using: (session: Session) => void,
): Promise<Session> {
  const begin = async (inClear: boolean): Promise<Session> => {
    const socket = await connected(host, edges, settings.connectSeconds);
    const session = new Session(sessionOptions(socket, route, host, settings, inClear));
    using(session);
    await session.open();
    return session;
  };
  try {
    return await begin(false);
  } catch (error) {
    // Opportunistic TLS (RFC 7435 §3): a handshake that fails is no worse than a host without STARTTLS. smtps: is never sent in clear.
    if (route.kind === "smtps" || !(error instanceof SessionLost) || !error.tls) throw error;
    return begin(true);
  }
}

function sessionOptions(connection: Socket, route: Route, host: Host, settings: AllSettings, inClear: boolean) {
  const lmtp = route.kind === "lmtp" || route.kind === "lmtpSocket";
  const implicitTls = route.kind === "smtps";
  return {
    connection,
    host: host.name,
    port: "port" in host.target ? host.target.port : 24, // of no effect: the connection is there; unset it would mean 587
    name: settings.hostname,
    lmtp,
    secure: implicitTls,
    ignoreTLS: lmtp || inClear, // LMTP stays on the machine or the campus network; a TLS policy for it comes with the others
    opportunisticTLS: true,
    // Against whoever only listens any certificate is good enough; smtps: names its host and proves it.
    tls: {
      rejectUnauthorized: implicitTls,
      minVersion: "TLSv1.2" as const,
      ...(settings.authorities === null ? {} : { ca: settings.authorities }),
    },
    connectionTimeout: settings.greetingSeconds * 1000, // of what is left of connecting: greeting to the end of STARTTLS
    greetingTimeout: settings.greetingSeconds * 1000,
    socketTimeout: settings.silenceSeconds * 1000,
    socketCloseTimeout: 0,
    maxResponseSize: settings.replyOctets,
    logger: false,
    debug: false,
  };
}

function connected(host: Host, edges: Edges, seconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = edges.connect(host.target);
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.off("connect", succeed);
      socket.on("error", () => undefined); // one more may follow the destruction
      socket.destroy();
      reject(new SessionLost("connect", error));
    };
    const succeed = () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    };
    const timer = setTimeout(() => fail(new Error(`no connection within ${seconds} s`)), seconds * 1000);
    socket.once("error", fail);
    socket.once("connect", succeed);
  });
}
