/** The web server that a campus puts in front of `http.listen`: TLS outside, plain HTTP inside. */
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { selfSigned } from "../../../src/config/self-signed.ts";

export type Front = { readonly url: string; leadTo(port: number): void; close(): Promise<void> };

export async function startFront(): Promise<Front> {
  let inner = 0;
  const server = createServer(selfSigned("localhost", new Date()), (asked, answer) => {
    const { method, url, headers } = asked;
    const passed = request({ host: "127.0.0.1", port: inner, method, path: url, headers }, (inside) => {
      answer.writeHead(inside.statusCode ?? 502, inside.headers);
      inside.pipe(answer);
    });
    passed.on("error", () => answer.writeHead(502).end());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://localhost:${(server.address() as AddressInfo).port}`,
    leadTo(port) {
      inner = port;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
