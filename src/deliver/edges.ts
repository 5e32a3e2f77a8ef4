import { Resolver } from "node:dns/promises";
import { connect as netConnect, type Socket } from "node:net";

/** Where a socket goes: an address that was checked, never a name; or a Unix socket. */
export type Target = { readonly address: string; readonly port: number } | { readonly path: string };

/** The one way out: every outbound socket of deliver/ is opened by this. */
export type Connect = (target: Target) => Socket;

/** What of dns.promises.Resolver deliver/ asks. Errors carry the codes of node:dns: ENOTFOUND, ENODATA mean none, all others trouble. */
export type MailResolver = {
  resolveMx(name: string): Promise<{ exchange: string; priority: number }[]>;
  resolve4(name: string): Promise<string[]>;
  resolve6(name: string): Promise<string[]>;
};

/** The outside world of this stage. */
export type Edges = {
  readonly resolver: MailResolver;
  readonly connect: Connect;
  /** Milliseconds since 1970, for comparing with times of the database. */
  readonly now: () => number;
  /** Milliseconds on a clock that never jumps, for durations and waits. */
  readonly elapsed: () => number;
};

/** The real world. `dnsServers`: addresses with or without port; empty: the system's. One query waits 2.5 s and is asked twice, so trouble is known after 5 s. */
export function systemEdges(dnsServers: readonly string[]): Edges {
  const resolver = new Resolver({ timeout: 2500, tries: 2 });
  if (dnsServers.length > 0) resolver.setServers(dnsServers);
  const connect: Connect = (target) =>
    "path" in target ? netConnect(target.path) : netConnect({ host: target.address, port: target.port });
  return { resolver, connect, now: Date.now, elapsed: () => performance.now() };
}
