import type { Socket } from "node:net";
import type { Route } from "../directory/directory.ts";
import type { Edges } from "./edges.ts";
import type { Host } from "./next-hop.ts";
import { Session, SessionLost } from "./session.ts";
import type { AttemptSettings } from "./settings.ts";

/** A session with one host, through greeting, EHLO and, where offered, STARTTLS. `using` hears of each session begun, so that a deadline can cut it. Throws SessionLost. */
export async function openSession(
  route: Route,
  host: Host,
  edges: Edges,
  settings: AttemptSettings,
  using: (session: Session) => void,
): Promise<Session> {
  try {
    return await begin(route, host, edges, settings, using, false);
  } catch (error) {
    // Opportunistic TLS (RFC 7435 §3): a handshake that fails is no worse than a host without STARTTLS. Not so for smtps.
    if (route.kind === "smtps" || !(error instanceof SessionLost) || !error.tls) throw error;
    return begin(route, host, edges, settings, using, true);
  }
}

async function begin(
  route: Route,
  host: Host,
  edges: Edges,
  settings: AttemptSettings,
  using: (session: Session) => void,
  clear: boolean,
): Promise<Session> {
  const socket = await connected(host, edges, settings.connectSeconds);
  const lmtp = route.kind === "lmtp" || route.kind === "lmtpSocket";
  const session = new Session({
    connection: socket,
    host: host.name,
    port: "port" in host.target ? host.target.port : 1,
    name: settings.hostname,
    lmtp,
    secure: route.kind === "smtps",
    ignoreTLS: lmtp || clear,
    tls: { rejectUnauthorized: route.kind === "smtps", minVersion: "TLSv1.2" },
    connectionTimeout: settings.silenceSeconds * 1000,
    greetingTimeout: settings.silenceSeconds * 1000,
    socketTimeout: settings.silenceSeconds * 1000,
    socketCloseTimeout: 0,
    maxResponseSize: 65_536,
    logger: false,
    debug: false,
  });
  using(session);
  await session.open();
  return session;
}

function connected(host: Host, edges: Edges, seconds: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = edges.connect(host.target);
    const fail = (error: Error) => {
      clearTimeout(timer);
      socket.destroy();
      socket.on("error", () => undefined);
      reject(new SessionLost("connect", error, null, false, false));
    };
    const timer = setTimeout(() => fail(new Error(`no connection within ${seconds} s`)), seconds * 1000);
    socket.once("error", fail);
    socket.once("connect", () => {
      clearTimeout(timer);
      socket.off("error", fail);
      resolve(socket);
    });
  });
}
