/** What the panel asks of the world outside, with the code that receives and delivers. */
import { Resolver } from "node:dns/promises";
import { isIP } from "node:net";
import { dirname, join } from "node:path";
import ipaddr from "ipaddr.js";
import type { Probes } from "./admin/probes.ts";
import type { Settings } from "./config/settings-tree.ts";
import { systemEdges } from "./deliver/edges.ts";
import { tryHop } from "./deliver/try-hop.ts";
import { testRelay } from "./receive/relay-test.ts";
import { delivererSettings } from "./stage-settings.ts";

/** `smtp`: `host:port` of the listeners for strangers. */
export function openProbes(settings: Settings, smtp: readonly string[]): Probes {
  const dns = new Resolver({ timeout: 2500, tries: 2 });
  if (settings.dns.servers.length > 0) dns.setServers(settings.dns.servers);
  const [listener] = smtp;
  return {
    dns,
    tryHop: (route, question) => tryHop(systemEdges(settings.dns.servers), delivererSettings(settings), route, question),
    relayTest:
      listener === undefined || settings.smtp.listen.length === 0
        ? null
        : async (domain) => {
            const at = reachable(listener);
            const results = await testRelay(at, { domain, localPart: "postmaster" });
            return { at: `${at.host}:${at.port}`, is_trusted: isTrusted(settings, at.host), results };
          },
  };
}

/** A listener on all addresses is asked over loopback. */
function reachable(listener: string): { readonly host: string; readonly port: number } {
  const colon = listener.lastIndexOf(":");
  const host = listener.slice(0, colon).replace(/^\[|\]$/g, "");
  const port = Number(listener.slice(colon + 1));
  return { host: host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host, port };
}

/** We reach our own address from that address. */
function isTrusted({ relay }: Settings, host: string): boolean {
  if (isIP(host) === 0) return false;
  const at = ipaddr.process(host);
  return relay.trustedNetworks.some(({ address, prefix }) => {
    const network = ipaddr.parse(address);
    return network.kind() === at.kind() && at.match(network, prefix);
  });
}

/** In the demo the mailboxes of the college are beside what would have left. Elsewhere they are people's mail, and nobody's business. */
export function capturedFolder({ deliver: { capture }, dataDir }: Pick<Settings, "deliver" | "dataDir">): string | null {
  const mailboxes = join(dataDir, "mailboxes");
  return capture !== null && dirname(capture) === mailboxes ? mailboxes : capture;
}
