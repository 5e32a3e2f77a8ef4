import { type AddressInfo, isIPv6, type Server } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { Hono } from "hono";

export type HttpApp = Pick<Hono, "fetch">;

export type HttpListener = { readonly address: AddressInfo; close(): Promise<void> };

/** Serves `app`; `loopbackOnly` refuses every other client with 403, whatever address we listen on. Rejects when the address cannot be taken. */
export function listenHttp(app: HttpApp, at: { host: string; port: number }, loopbackOnly: boolean): Promise<HttpListener> {
  const server = createAdaptorServer({
    fetch: (request, env: { incoming: { socket: { remoteAddress?: string | undefined } } }) =>
      loopbackOnly && !isLoopback(env.incoming.socket.remoteAddress)
        ? new Response("only from this machine\n", { status: 403 })
        : app.fetch(request, env),
  }) as Server & { closeAllConnections?: () => void };
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    // ipv6Only: so that [::] and 0.0.0.0 may share a port
    server.listen({ host: at.host, port: at.port, ipv6Only: isIPv6(at.host) }, () =>
      resolve({ address: server.address() as AddressInfo, close: () => close(server) }),
    );
  });
}

const isLoopback = (address: string | undefined): boolean => address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address);

function close(server: Server & { closeAllConnections?: () => void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections?.();
  });
}
