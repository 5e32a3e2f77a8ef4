import type { AddressInfo, Server } from "node:net";
import { serve } from "@hono/node-server";
import type { Hono } from "hono";

export type HttpListener = { readonly address: AddressInfo; close(): Promise<void> };

/** Serves `app`; `loopbackOnly` refuses every other client with 403, whatever address we listen on. Rejects when the address cannot be taken. */
export function listenHttp(app: Pick<Hono, "fetch">, at: { host: string; port: number }, loopbackOnly: boolean): Promise<HttpListener> {
  return new Promise((resolve, reject) => {
    const server = serve(
      {
        fetch: (request, env: { incoming: { socket: { remoteAddress?: string | undefined } } }) =>
          loopbackOnly && !isLoopback(env.incoming.socket.remoteAddress)
            ? new Response("only from this machine\n", { status: 403 })
            : app.fetch(request, env),
        hostname: at.host,
        port: at.port,
      },
      (address) => resolve({ address, close: () => close(server as Server & { closeAllConnections?: () => void }) }),
    );
    server.once("error", reject);
  });
}

const isLoopback = (address: string | undefined): boolean => address !== undefined && /^(127\.|::1$|::ffff:127\.)/.test(address);

function close(server: Server & { closeAllConnections?: () => void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections?.();
  });
}
