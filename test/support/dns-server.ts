import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { type Answer, decode, encode, type Packet, streamEncode } from "dns-packet";

type Records = {
  readonly MX?: readonly (readonly [preference: number, exchange: string])[];
  readonly A?: readonly string[];
  readonly AAAA?: readonly string[];
  readonly CNAME?: string;
  readonly TXT?: readonly string[];
  readonly PTR?: readonly string[];
};

/** What the server says of a name; a name that is not here does not exist. "truncated" answers whole over TCP alone. */
export type Zone = Record<string, Records | "SERVFAIL" | "silent" | { readonly truncated: Records }>;

export type DnsServer = {
  /** For dns.servers: address and port. */
  readonly address: string;
  /** Every question, as `MX x.test`, with ` (tcp)` behind those that came that way. */
  readonly questions: string[];
  /** May be changed while it runs. */
  zone: Zone;
  close(): Promise<void>;
};

const RESPONSE = 0x8000 | 0x0400 | 0x0080; // QR, AA, RA
const TRUNCATED = 0x0200;
const SERVFAIL = 2;
const NXDOMAIN = 3;

/** A DNS server on a free port of 127.0.0.1, over UDP and TCP. */
export async function startDnsServer(zone: Zone): Promise<DnsServer> {
  const sockets = new Set<Socket>();
  const tcp = createServer();
  const udp = await listenOnBoth(tcp);
  const server: DnsServer = {
    address: `127.0.0.1:${udp.address().port}`,
    questions: [],
    zone,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await Promise.all([new Promise<void>((done) => udp.close(() => done())), new Promise<void>((done) => tcp.close(() => done()))]);
    },
  };
  udp.on("message", (octets, from) => {
    const reply = answer(server, decode(octets), false);
    if (reply !== null) udp.send(encode(reply), from.port, from.address);
  });
  tcp.on("connection", (socket) => {
    sockets.add(socket);
    let buffered = Buffer.alloc(0);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      buffered = Buffer.concat([buffered, chunk]);
      while (buffered.length >= 2 && buffered.length >= 2 + buffered.readUInt16BE(0)) {
        const end = 2 + buffered.readUInt16BE(0);
        const reply = answer(server, decode(buffered.subarray(2, end)), true);
        buffered = buffered.subarray(end);
        if (reply !== null) socket.write(streamEncode(reply));
      }
    });
  });
  return server;
}

/** The same port for both; another one when somebody has it for UDP. */
async function listenOnBoth(tcp: Server): Promise<UdpSocket> {
  for (;;) {
    await new Promise<void>((resolve) => tcp.listen(0, "127.0.0.1", resolve));
    const udp = createSocket("udp4");
    const { port } = tcp.address() as AddressInfo;
    try {
      await new Promise<void>((resolve, reject) => udp.once("error", reject).bind(port, "127.0.0.1", resolve));
      return udp;
    } catch {
      udp.close();
      await new Promise((closed) => tcp.close(closed));
    }
  }
}

function answer(server: DnsServer, query: Packet, overTcp: boolean): Packet | null {
  const [question = { name: "", type: "A" }] = query.questions;
  const name = question.name.toLowerCase();
  server.questions.push(`${question.type} ${name}${overTcp ? " (tcp)" : ""}`);
  const known = server.zone[name];
  const reply = (flags: number, answers: readonly Answer[] = []): Packet => ({
    type: "response",
    id: query.id,
    flags: RESPONSE | flags,
    questions: query.questions,
    answers,
  });
  if (known === undefined) return reply(NXDOMAIN);
  if (known === "silent") return null;
  if (known === "SERVFAIL") return reply(SERVFAIL);
  if ("truncated" in known && !overTcp) return reply(TRUNCATED);
  return reply(0, answersFrom("truncated" in known ? known.truncated : known, question.type, name, server.zone));
}

function answersFrom(records: Records, type: string, name: string, zone: Zone): Answer[] {
  const common = { name, ttl: 60 };
  if (records.CNAME !== undefined) {
    const target = zone[records.CNAME];
    const rest = typeof target === "object" && !("truncated" in target) ? answersFrom(target, type, records.CNAME, zone) : [];
    return [{ ...common, type: "CNAME", data: records.CNAME }, ...rest];
  }
  if (type === "MX") return (records.MX ?? []).map(([preference, exchange]) => ({ ...common, type: "MX", data: { preference, exchange } }));
  if (type === "A") return (records.A ?? []).map((data) => ({ ...common, type: "A", data }));
  if (type === "AAAA") return (records.AAAA ?? []).map((data) => ({ ...common, type: "AAAA", data }));
  if (type === "TXT") return (records.TXT ?? []).map((data) => ({ ...common, type: "TXT", data }));
  if (type === "PTR") return (records.PTR ?? []).map((data) => ({ ...common, type: "PTR", data }));
  return [];
}
