/**
 * Asks a next hop whether it would take mail, by the code that delivers, and sends none: where it is, whether it answers, TLS, and RCPT.
 * A route that somebody only thinks about leads nowhere but into the public network and those that the settings allow.
 */
import type { TLSSocket } from "node:tls";
import type { Route } from "../directory/directory.ts";
import type { Mailbox } from "../mail/mailbox.ts";
import { addressRules } from "./addresses.ts";
import type { Edges } from "./edges.ts";
import { wirePath } from "./fitting.ts";
import { createNextHops, type Host } from "./next-hop.ts";
import { openSession } from "./open-session.ts";
import { isPositive, type Session } from "./session.ts";
import { SessionLost } from "./session-lost.ts";
import { type DelivererSettings, delivererDefaults } from "./settings.ts";

/** `said`: hosts, what was agreed on, or the words of the host or the system. */
export type HopStage = {
  readonly stage: "hosts" | "connect" | "tls" | "recipient";
  readonly host: string | null;
  readonly state: "good" | "warn" | "bad";
  readonly code:
    | "found"
    | "nowhere"
    | "not-allowed"
    | "connected"
    | "lost"
    | "encrypted"
    | "clear"
    | "clear-after-failure"
    | "taken"
    | "later"
    | "refused";
  readonly said: string;
  readonly took_ms: number;
};

export type HopQuestion = {
  /** Counts for `mx:` alone. */
  readonly domain: string;
  /** Null: up to TLS. */
  readonly recipient: Mailbox | null;
  /** An admin has configured this very route: its host may be private. */
  readonly configured: boolean;
};

/** So that a person who waits has an answer. Seconds. */
const PATIENCE = { connectSeconds: 10, greetingSeconds: 15, silenceSeconds: 15 };
const MOST_HOSTS = 3;
const DEADLINE_MS = 40_000;

/** Stages in order, the hosts one after another until one of them says something of the recipient. Never rejects for what a host does. */
export async function tryHop(edges: Edges, given: DelivererSettings, route: Route, question: HopQuestion): Promise<readonly HopStage[]> {
  const settings = { ...delivererDefaults, ...given, ...PATIENCE };
  const started = edges.elapsed();
  const where = await createNextHops(edges, settings).hostsOf(route, question.domain);
  const told = { stage: "hosts" as const, host: null, took_ms: edges.elapsed() - started };
  if (where.kind !== "hosts") return [{ ...told, state: "bad", code: "nowhere", said: where.reply.text }];
  const { mayBeReached } = addressRules(settings);
  const mayTry = ({ target }: Host): boolean =>
    route.kind === "mx" || question.configured || ("address" in target && mayBeReached(target.address));
  const hosts = where.hosts.filter(mayTry);
  const named = (some: readonly Host[]): string => some.map(({ relay }) => relay).join(", ");
  if (hosts.length === 0) return [{ ...told, state: "bad", code: "not-allowed", said: named(where.hosts) }];
  const stages: HopStage[] = [{ ...told, state: "good", code: "found", said: named(hosts) }];
  for (const host of hosts.slice(0, MOST_HOSTS)) {
    const ofHost = await tryHost(edges, settings, route, host, question.recipient);
    stages.push(...ofHost);
    if (ofHost.at(-1)?.code !== "lost" || edges.elapsed() - started > DEADLINE_MS) break;
  }
  return stages;
}

type AllSettings = Parameters<typeof openSession>[3];

async function tryHost(edges: Edges, settings: AllSettings, route: Route, host: Host, recipient: Mailbox | null): Promise<HopStage[]> {
  const stages: HopStage[] = [];
  let begun = edges.elapsed();
  const say = (stage: HopStage["stage"], state: HopStage["state"], code: HopStage["code"], said: string): void => {
    const now = edges.elapsed();
    stages.push({ stage, host: host.relay, state, code, said, took_ms: now - begun });
    begun = now;
  };
  let session: Session | null = null;
  let sessions = 0;
  const timing: Edges = {
    ...edges,
    connect: (target) => {
      const socket = edges.connect(target);
      socket.once("connect", () => sessions === 0 && say("connect", "good", "connected", host.relay));
      return socket;
    },
  };
  const deadline = setTimeout(() => session?.abort(new Error(`no end after ${DEADLINE_MS / 1000} s`)), DEADLINE_MS);
  try {
    session = await openSession(route, host, timing, settings, (begunSession) => {
      sessions++;
      session = begunSession;
    });
    const [state, code, said] = encryption(session, sessions);
    say("tls", state, code, said);
    if (recipient !== null) say("recipient", ...(await askFor(session, recipient)));
    session.leave();
  } catch (error) {
    say(stages.length === 0 ? "connect" : stages.length === 1 ? "tls" : "recipient", "bad", "lost", wordsOf(error));
    session?.abort(new Error("left"));
  } finally {
    clearTimeout(deadline);
  }
  return stages;
}

const wordsOf = (error: unknown): string =>
  error instanceof SessionLost && error.reply !== null
    ? `${error.reply.code} ${error.reply.text}`
    : error instanceof Error
      ? error.message
      : String(error);

type Verdict = readonly [HopStage["state"], HopStage["code"], string];

/** A second session means that the handshake of the first had failed. */
function encryption(session: Session, sessions: number): Verdict {
  const socket = session._socket as TLSSocket;
  if (socket.encrypted !== true) return ["warn", sessions > 1 ? "clear-after-failure" : "clear", ""];
  const { subject, valid_to } = socket.getPeerCertificate();
  const certificate = typeof subject?.CN === "string" ? `; CN=${subject.CN}, ${valid_to}` : "";
  return ["good", "encrypted", `${socket.getProtocol() ?? "TLS"} ${socket.getCipher()?.standardName ?? ""}${certificate}`];
}

/** The null reverse-path, as notices of delivery have it. The transaction is ended by RSET before there could be data. */
async function askFor(session: Session, recipient: Mailbox): Promise<Verdict> {
  const isAscii = /^[ -~]*$/.test(recipient.key);
  if (!isAscii && !session.offers("SMTPUTF8")) return ["bad", "refused", "SMTPUTF8"];
  const [mail = ""] = await session.ask("mail", [`MAIL FROM:<>${isAscii ? "" : " SMTPUTF8"}`]);
  const reply = isPositive(mail) ? ((await session.ask("rcpt", [`RCPT TO:<${wirePath(recipient)}>`]))[0] ?? "") : mail;
  await session.rset();
  if (isPositive(reply)) return ["good", "taken", reply];
  return reply.startsWith("5") ? ["bad", "refused", reply] : ["warn", "later", reply];
}
