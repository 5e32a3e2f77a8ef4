import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemEdges } from "../../src/deliver/edges.ts";
import type { DelivererSettings } from "../../src/deliver/settings.ts";
import { type HopStage, tryHop } from "../../src/deliver/try-hop.ts";
import type { Route } from "../../src/directory/directory.ts";
import { parseRouteUrl } from "../../src/directory/route-url.ts";
import { type DnsServer, startDnsServer } from "../support/dns-server.ts";
import { mailbox } from "../support/mailbox.ts";
import { type Sink, type SinkWays, startSink } from "../support/sinks.ts";

let dns: DnsServer;
let sink: Sink;
beforeEach(async () => {
  dns = await startDnsServer({});
});
afterEach(async () => {
  await sink?.close();
  await dns.close();
});

const routeOf = (url: string): Route => {
  const parsed = parseRouteUrl(url);
  if (!parsed.ok) throw new Error(parsed.fault);
  return parsed.route;
};
const tried = (route: Route, more: { configured?: boolean; recipient?: string | null; settings?: Partial<DelivererSettings> } = {}) =>
  tryHop(systemEdges([dns.address]), { hostname: "mail.campus.test", retry: [60], ...more.settings }, route, {
    domain: "x.test",
    recipient: more.recipient === null ? null : mailbox(more.recipient ?? "ann@x.test"),
    configured: more.configured ?? true,
  });
const codes = (stages: readonly HopStage[]): string[] => stages.map(({ stage, code }) => `${stage} ${code}`);
const withSink = async (ways: SinkWays = {}): Promise<Route> => {
  sink = await startSink(ways);
  return routeOf(`smtp://127.0.0.1:${sink.port}`);
};

describe("stages", () => {
  test("each stage is told with its time, RCPT is the last word, and no message is sent", async () => {
    const stages = await tried(await withSink());
    expect(codes(stages)).toEqual(["hosts found", "connect connected", "tls clear", "recipient taken"]);
    expect(stages.every(({ took_ms }) => took_ms >= 0 && took_ms < 5000)).toBe(true);
    expect(sink.lines.map((line) => line.slice(0, 9))).toEqual(
      ["EHLO mail", "MAIL FROM", "RCPT TO:<", "RSET"].concat(sink.lines.length > 4 ? ["QUIT"] : []),
    );
    expect(sink.lines[1]).toBe("MAIL FROM:<>");
    expect(sink.taken).toEqual([]);
  });

  test("without a recipient it ends with TLS", async () => {
    expect(codes(await tried(await withSink(), { recipient: null }))).toEqual(["hosts found", "connect connected", "tls clear"]);
    expect(sink.lines.some((line) => line.startsWith("MAIL"))).toBe(false);
  });

  test.each([
    ["550 5.1.1 nobody", "refused"],
    ["450 4.2.1 later", "later"],
  ])("%s is told with the host's words", async (reply, code) => {
    const stages = await tried(await withSink({ answer: (line) => (line.startsWith("RCPT") ? reply : null) }));
    expect(stages.at(-1)).toMatchObject({ stage: "recipient", code, said: reply });
  });

  test("a host that closes, and one that is not there", async () => {
    const stages = await tried(await withSink({ greeting: () => "554 go away" }));
    expect(stages.at(-1)).toMatchObject({ stage: "tls", state: "bad", code: "lost" });
    expect(stages.at(-1)?.said).toContain("554");
    await sink.close();
    const gone = await tried(routeOf(`smtp://127.0.0.1:${sink.port}`));
    expect(gone.at(-1)).toMatchObject({ stage: "connect", state: "bad", code: "lost" });
  });
});

describe("where it may go: server-side requests", () => {
  test.each([
    "127.0.0.1",
    "10.0.0.1",
    "169.254.169.254",
    "100.64.0.1",
    "[::1]",
    "[fc00::1]",
    "[fe80::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "localhost",
  ])("a route nobody configured does not lead to %s", async (host) => {
    const stages = await tried(routeOf(`smtp://${host}:25`), { configured: false });
    expect(codes(stages)).toEqual(["hosts not-allowed"]);
  });

  test("nor does a name or an MX that leads there, unless the settings allow the network", async () => {
    sink = await startSink();
    dns.zone = { "inner.test": { A: ["127.0.0.1"] }, "x.test": { MX: [[10, "inner.test"]] } };
    expect(codes(await tried(routeOf(`smtp://inner.test:${sink.port}`), { configured: false }))).toEqual(["hosts not-allowed"]);
    const byMx = await tried({ kind: "mx", url: "mx:" }, { settings: { mxPort: sink.port } });
    expect(byMx).toHaveLength(1);
    expect(byMx[0]).toMatchObject({ stage: "hosts", state: "bad" });
    expect(sink.connections()).toBe(0);
    const allowed = { configured: false, settings: { allowedNetworks: ["127.0.0.0/8"] } };
    expect(codes(await tried(routeOf(`smtp://inner.test:${sink.port}`), allowed)).at(-1)).toBe("recipient taken");
  });

  test("never to ourselves, though it is configured", async () => {
    const route = await withSink();
    const ownListeners = [{ address: "127.0.0.1", port: sink.port }];
    expect(codes(await tried(route, { settings: { ownListeners } }))).toEqual(["hosts nowhere"]);
    expect(sink.connections()).toBe(0);
  });
});
