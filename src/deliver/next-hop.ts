import { isIP } from "node:net";
import type { Route } from "../directory/directory.ts";
import type { Lookup } from "../mail/lookup.ts";
import { found, unavailable } from "../mail/lookup.ts";
import type { RemoteReply } from "../mail/verdict.ts";
import type { Edges, Target } from "./edges.ts";

/** A host to connect to: `name` is what TLS verifies and the log shows, `target` the checked address. */
export type Host = { readonly name: string; readonly target: Target; readonly relay: string };

/** Hosts to try in order, or the reply that stands for "nowhere". */
export type Hosts = { readonly kind: "hosts"; readonly hosts: readonly Host[] } | { readonly kind: "nowhere"; readonly reply: RemoteReply };

const hostAt = (name: string, address: string, port: number): Host => ({
  name,
  target: { address, port },
  relay: `${name}[${address}]:${port}`,
});

/** First cut: literals and names of configured routes. */
export async function hostsOf(route: Route, edges: Edges): Promise<Lookup<Hosts>> {
  if (route.kind === "lmtpSocket") {
    return found({ kind: "hosts", hosts: [{ name: "localhost", target: { path: route.path }, relay: route.path }] });
  }
  if (route.kind !== "smtp" && route.kind !== "smtps" && route.kind !== "lmtp") return unavailable(new Error(`no hosts for ${route.url}`));
  if (isIP(route.host) !== 0) return found({ kind: "hosts", hosts: [hostAt(route.host, route.host, route.port)] });
  if (route.host === "localhost") return found({ kind: "hosts", hosts: [hostAt(route.host, "127.0.0.1", route.port)] });
  try {
    const addresses = await edges.resolver.resolve4(route.host);
    return found({ kind: "hosts", hosts: addresses.map((address) => hostAt(route.host, address, route.port)) });
  } catch (error) {
    return unavailable(error);
  }
}
