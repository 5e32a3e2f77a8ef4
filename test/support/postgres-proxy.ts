/** A wire between a client and Postgres that can be cut or fall silent, as networks do. */
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import type { Connection } from "../../src/db/connection.ts";

type Cut = "unsent" | "unanswered" | "delayed";

export type PostgresProxy = {
  /** The same database through the proxy. */
  readonly connection: Connection;
  /**
   * Cuts the connection at the next message of the client that contains `text`: "unsent" before the server got it,
   * "unanswered" after it was carried out. "delayed": the server knows nothing of the cut, and gets the message with deliver().
   */
  cutAt(text: string, when: Cut): void;
  deliver(): void;
  /** Cuts all clients off now; the server does not notice and goes on with what it has. */
  hangUp(): void;
  /** Open connections stay, but nothing passes any more; new ones are not answered. */
  silence(): void;
  /** Nobody is let in, open connections end: the server seems down. */
  down(): void;
  up(): void;
  close(): Promise<void>;
};

export async function openProxy(to: Connection): Promise<PostgresProxy> {
  const [host] = to.hosts;
  if (!host) throw new Error("no host");
  const target = host.host.startsWith("/") ? { path: `${host.host}/.s.PGSQL.${host.port}` } : { host: host.host, port: host.port };
  const sockets = new Set<Socket>();
  let cut: { text: string; when: Cut } | null = null;
  let deliver = () => {};
  const hangUps = new Set<() => void>();
  let isSilent = false;
  let isDown = false;

  const server = createServer((client) => {
    if (isDown) return void client.destroy();
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => undefined).on("close", () => sockets.delete(socket));
    }
    let isCut = false;
    hangUps.add(() => {
      isCut = true;
      client.destroy();
    });
    client.on("data", (octets) => {
      if (isSilent) return;
      if (cut === null || !octets.includes(cut.text)) return void upstream.write(octets);
      const { when } = cut;
      cut = null;
      isCut = true; // the answer is not passed on
      deliver = () => upstream.write(octets);
      if (when === "unanswered") deliver();
      if (when === "unsent") upstream.destroy();
      else if (when === "unanswered") upstream.once("data", () => end(client, upstream));
      if (when !== "unanswered") client.destroy();
    });
    upstream.on("data", (octets) => isSilent || isCut || client.write(octets));
    client.on("close", () => isCut || upstream.destroy());
    upstream.on("close", () => isSilent || client.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  return {
    connection: { ...to, hosts: [{ host: "127.0.0.1", port }] },
    cutAt: (text, when) => {
      cut = { text, when };
    },
    deliver: () => deliver(),
    hangUp: () => {
      for (const each of hangUps) each();
    },
    silence: () => {
      isSilent = true;
    },
    down: () => {
      isDown = true;
      for (const socket of sockets) socket.destroy();
    },
    up: () => {
      isDown = false;
      isSilent = false;
    },
    close: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

function end(...sockets: Socket[]): void {
  for (const socket of sockets) socket.destroy();
}
