/**
 * receive: speaks SMTP with the outside and puts accepted messages in the queue. Trusts nothing it reads. May look up addresses and insert into
 * the queue; may not read other messages, nor connect anywhere. Standards: RFC 5321, 1870, 2034, 2920, 3207, 3461, 4954, 6152, 6409, 6531, 9422.
 */
import { once } from "node:events";
import { type AddressInfo, isIPv6 } from "node:net";
import { createSecureContext } from "node:tls";
import { parseNetworks } from "../sending/networks.ts";
import { ConnectionCounts } from "./connection-counts.ts";
import type { Context, ReceiveDeps, ReceiveSettings, Service } from "./context.ts";
import { Listener } from "./listener.ts";
import { relayFaults } from "./relay-test.ts";

export type Receiver = {
  /** Where it listens, with the actual ports. */
  readonly addresses: readonly AddressInfo[];
  readonly submission: readonly AddressInfo[];
  readonly submissions: readonly AddressInfo[];
  /** Stops taking connections; idle ones hear 421 at once, running DATA may go on up to `drainTimeout`. Resolves when all are gone. */
  close(): Promise<void>;
  /** For connections from now on (PEM). Throws if the two do not belong together; then the old ones stay. */
  reloadCertificate(cert: string, key: string): void;
};

const SERVICES: readonly Service[] = ["smtp", "submission", "submissions"];

/** Opens the listening sockets. Rejects if one of the addresses cannot be had, and if the relay decision lets a form through that it must not. */
export async function startReceiver(deps: ReceiveDeps, settings: ReceiveSettings): Promise<Receiver> {
  const [fault] = await relayFaults();
  if (fault !== undefined) throw new Error(`open relay: ${fault.recipient} from ${fault.sender} is answered ${fault.got}`);
  const { limits } = settings;
  const context: Context = {
    deps,
    settings,
    limits,
    trusted: parseNetworks(settings.trustedNetworks),
    uncounted: parseNetworks([...settings.uncountedNetworks, ...settings.trustedNetworks]),
    counts: new ConnectionCounts(limits),
    draining: false,
  };
  const listeners: Listener[] = [];
  const stop = () => Promise.all(listeners.map((listener) => new Promise<void>((resolve) => listener.server.close(() => resolve()))));
  try {
    for (const service of SERVICES) {
      for (const { host, port } of settings.listen[service]) {
        const listener = new Listener(context, service);
        listeners.push(listener);
        listener.listen({ host, port, ipv6Only: isIPv6(host) }); // so that [::] and 0.0.0.0 may share a port
        await once(listener.server, "listening");
      }
    }
  } catch (error) {
    await stop();
    throw error;
  }
  const sessions = () => listeners.flatMap((listener) => listener.sessions);
  const sweeper = setInterval(() => {
    const now = performance.now();
    for (const session of sessions()) session.sweep(now);
  }, limits.sweepInterval);

  const addressesOf = (service: Service) =>
    listeners.filter((listener) => listener.service === service).map((listener) => listener.server.address() as AddressInfo);

  return {
    addresses: addressesOf("smtp"),
    submission: addressesOf("submission"),
    submissions: addressesOf("submissions"),
    async close() {
      context.draining = true;
      const stopped = stop();
      for (const listener of listeners) listener.dropHandshakes();
      for (const session of sessions()) session.drain();
      const cut = setTimeout(() => {
        for (const session of sessions()) session.cut();
      }, limits.drainTimeout);
      await stopped;
      clearTimeout(cut);
      clearInterval(sweeper);
    },
    reloadCertificate(cert, key) {
      createSecureContext({ cert, key }); // throws before the library has thrown the old one away
      for (const listener of listeners) listener.updateSecureContext({ cert, key });
    },
  };
}
