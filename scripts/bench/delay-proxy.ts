/** A proxy that holds every octet for a while in each direction, as a network does that is so far away. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

export type DelayProxy = { readonly port: number /** Milliseconds there and back. */; roundTrip: number; close(): Promise<void> };

/** In front of a port of this machine. */
export async function startDelayProxy(to: number): Promise<DelayProxy> {
  const sockets = new Set<Socket>();
  const later = (from: Socket, target: Socket): void => {
    sockets.add(from);
    from.setNoDelay(true);
    from.on("data", (octets) => setTimeout(() => target.writable && target.write(octets), proxy.roundTrip / 2));
    from.on("close", () => {
      sockets.delete(from);
      target.destroy();
    });
    from.on("error", () => target.destroy());
  };
  const server = createServer((client) => {
    const upstream = connect(to, "127.0.0.1");
    later(client, upstream);
    later(upstream, client);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: DelayProxy = {
    port: (server.address() as AddressInfo).port,
    roundTrip: 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}
