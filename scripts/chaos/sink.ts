/** A next hop that remembers every copy it took: which message, which recipient, when, and the hash of its content behind our prefix. */
import { createHash } from "node:crypto";
import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";

export type Copy = { readonly id: string; readonly recipient: string; readonly sha256: string; readonly at: number };

export type Sink = { readonly port: number; readonly copies: readonly Copy[]; close(): Promise<void> };

export async function startSink(): Promise<Sink> {
  const copies: Copy[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ["AUTH", "STARTTLS"],
    disableReverseLookup: true,
    logger: false,
    onData(stream, session, done) {
      const pieces: Buffer[] = [];
      stream.on("data", (piece: Buffer) => pieces.push(piece));
      stream.on("error", () => undefined);
      stream.on("end", () => {
        const octets = Buffer.concat(pieces);
        const start = octets.indexOf("X-Chaos-Id: ");
        const id = octets.toString("latin1", start + 12, octets.indexOf("\r\n", start));
        const sha256 = createHash("sha256").update(octets.subarray(start)).digest("hex");
        const at = Date.now();
        for (const { address } of session.envelope.rcptTo) copies.push({ id, recipient: address, sha256, at });
        done(null);
      });
    },
  });
  server.on("error", () => undefined); // a killed client resets its connection
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.server.address() as AddressInfo).port,
    copies,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
