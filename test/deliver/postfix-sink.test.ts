import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { pathOf } from "../support/debian.ts";
import { claimed, smtpTo, startDeliverer } from "../support/deliveries.ts";
import { needs } from "../support/needs.ts";

/** Postfix's own sink as a next hop: somebody else's idea of the protocol. */
needs("smtp-sink")("Postfix's smtp-sink", () => {
  let process_: ChildProcess | null = null;
  afterEach(() => {
    process_?.kill("SIGKILL");
    process_ = null;
  });

  async function startPostfixSink(...options: string[]): Promise<number> {
    const port = await freePort();
    const asRoot = process.geteuid?.() === 0 ? ["-u", "nobody"] : [];
    process_ = spawn(pathOf("smtp-sink") ?? "", [...asRoot, ...options, `127.0.0.1:${port}`, "100"], { stdio: "ignore" });
    while (!(await isOpen(port))) await sleep(20);
    return port;
  }

  test("takes a list of ten thousand over SMTP", async () => {
    const port = await startPostfixSink();
    const { deliverer, settled, until } = startDeliverer({ "*": smtpTo(port) });
    const members = Array.from({ length: 10_000 }, (_, i) => `member${i}@x.test`);
    deliverer.accept(claimed(members, Buffer.from(`Subject: x\r\n\r\n${"line of text\r\n".repeat(300)}`), { lane: 1 }));
    await until(10_000);
    expect(new Set(settled.map(({ verdict }) => verdict.kind))).toEqual(new Set(["relayed"]));
    await deliverer.drain();
  });

  test.each<[string, string[], "smtp" | "lmtp", string]>([
    ["takes mail over LMTP", ["-L"], "lmtp", "relayed"],
    ["takes mail without PIPELINING", ["-p"], "smtp", "relayed"],
    ["takes mail without ESMTP", ["-e"], "smtp", "relayed"],
    ["drops the connection after the dot", ["-q", "."], "smtp", "deferred"],
    ["refuses RCPT for good", ["-f", "RCPT"], "smtp", "failed"],
    ["refuses RCPT for now", ["-r", "RCPT"], "smtp", "deferred"],
    ["refuses DATA for good", ["-f", "DATA"], "smtp", "failed"],
    ["refuses the content for now", ["-r", "."], "smtp", "deferred"],
    ["closes with 421 at RCPT", ["-Q", "RCPT"], "smtp", "deferred"],
    ["speaks no 8BITMIME", ["-8"], "smtp", "relayed"],
  ])("%s", async (_, options, kind, expected) => {
    const port = await startPostfixSink(...options);
    const { deliverer, settled, until } = startDeliverer({ "*": smtpTo(port, kind) });
    for (let n = 0; n < 20; n++) deliverer.accept(claimed(["a@x.test", "b@x.test"]));
    await until(40);
    expect(new Set(settled.map(({ verdict }) => verdict.kind))).toEqual(new Set([expected]));
    await deliverer.drain();
  });
});

const isOpen = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(true)).on("error", () => resolve(false));
    socket.on("connect", () => socket.destroy());
  });

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
