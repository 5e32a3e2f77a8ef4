/** A small campus for the tests of receive: a real receiver on a free port, with its directory and queue in memory. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createMaillog } from "../../src/log/maillog.ts";
import { createMetrics, type Metrics } from "../../src/log/metrics.ts";
import type { ReversePath } from "../../src/mail/envelope.ts";
import { absent, found, unavailable } from "../../src/mail/lookup.ts";
import { type Mailbox, parseMailbox } from "../../src/mail/mailbox.ts";
import { movedTo, refusedWith, replies } from "../../src/mail/replies.ts";
import type { BrakeAnswer } from "../../src/queue/brake.ts";
import type { Intake, NewMessage } from "../../src/queue/claim.ts";
import { LOOPBACK, type ReceiveDeps, type ReceiveSettings } from "../../src/receive/context.ts";
import { defaultLimits, type Limits } from "../../src/receive/limits.ts";
import { type Receiver, startReceiver } from "../../src/receive/receiver.ts";
import type { Resolution } from "../../src/resolve/resolution.ts";
import type { Sending } from "../../src/sending/sending.ts";

export type Stored = { readonly queueId: string; readonly message: NewMessage; readonly content: Buffer };

/** What a test may turn while the receiver runs. */
export type Campus = {
  readonly receiver: Receiver;
  readonly port: number;
  readonly submissionPort: number;
  readonly submissionsPort: number;
  readonly stored: Stored[];
  readonly logged: { readonly event: string; readonly fields: unknown }[];
  aborted: number;
  /** Commits begun. */
  commits: number;
  readonly metrics: Metrics;
  /** Opening an intake throws. */
  faulty: boolean;
  accepting: boolean;
  spaceLow: boolean;
  /** "up" answers, "down" says unavailable, "hangs" says nothing, "throws" throws. */
  directory: "up" | "down" | "hangs" | "throws";
  queue: "up" | "down" | "refuses content" | "hangs";
  /** What every list answers to a post. */
  brake: BrakeAnswer;
  /** Milliseconds a commit takes. */
  commitDelay: number;
  /** Milliseconds each write waits for room. */
  writeDelay: number;
};

export type CampusOptions = {
  readonly hostname?: string;
  readonly limits?: Partial<Limits>;
  readonly trustedNetworks?: readonly string[];
  readonly uncountedNetworks?: readonly string[];
  readonly postmaster?: string | null;
  readonly listen?: ReceiveSettings["listen"]["smtp"];
  /** A real queue in the place of the one in memory. */
  readonly openIntake?: () => Intake;
  /** Who may sign in on submission listeners, which are there with it. */
  readonly sending?: Sending;
};

export const mailbox = (text: string): Mailbox => {
  const parsed = parseMailbox(text, { smtputf8: true });
  if (!parsed.ok) throw new Error(parsed.fault.detail);
  return parsed.mailbox;
};

const direct = (key: string, to: Mailbox, list: Mailbox | null = null) => ({
  mailbox: to,
  paths: [[key, to.key]],
  morePaths: 0,
  list: list === null ? null : { address: list, leaver: to, takesPosts: true, answersForAnother: false },
  held: null,
});

const listOf = (to: Mailbox): Resolution => ({
  kind: "expanded",
  recipients: ["u@people.test", "w@people.test"].map((member) => direct(to.key, mailbox(member), to)),
  deadEnds: [],
  posts: [{ address: to, reach: 2 }],
  withoutOwnCopy: [],
});

/** Addresses at campus.test, and what they mean. `u` exists. */
function meaningOf(to: Mailbox, sender: ReversePath): Resolution {
  const nothing = { deadEnds: [], posts: [], withoutOwnCopy: [] };
  const [, members] = /^all([0-9]+)$/.exec(to.localPart) ?? [];
  if (members !== undefined) {
    const recipients = Array.from({ length: Number(members) }, (_, i) => direct(to.key, mailbox(`m${i}@people.test`), to));
    return { kind: "expanded", recipients, ...nothing };
  }
  switch (to.localPart) {
    case "u":
    case "v":
      return { kind: "expanded", recipients: [direct(to.key, mailbox(`${to.localPart}@people.test`))], ...nothing };
    case "both":
      return {
        kind: "expanded",
        recipients: [direct(to.key, mailbox("u@people.test")), direct(to.key, mailbox("v@people.test"))],
        ...nothing,
      };
    case "half":
      return {
        kind: "expanded",
        recipients: [direct(to.key, mailbox("u@people.test"))],
        ...nothing,
        deadEnds: [
          { address: "gone@campus.test", from: to.key, why: "unknown" },
          ...Array.from({ length: 30 }, (_, i) => ({ address: `old${i}@campus.test`, from: to.key, why: "expired" as const })),
        ],
      };
    case "staff":
      return listOf(to);
    case "mixed":
      return {
        kind: "expanded",
        recipients: [direct(to.key, mailbox("u@people.test")), direct(to.key, mailbox("w@people.test"), to)],
        ...nothing,
      };
    case "members":
      return sender?.key === "w@people.test" ? listOf(to) : { kind: "mayNotPost", list: to.key };
    case "circle":
      return { kind: "onlyItself", ...nothing };
    case "deep":
      return { kind: "tooLarge", limit: "depth", at: to.key };
    case "resting":
      return { kind: "refused", reply: replies.mailboxDisabled, ...nothing };
    case "faraway":
      return { kind: "refused", reply: replies.forwardingNotAllowed, ...nothing };
    case "retired":
      return { kind: "refused", reply: movedTo(mailbox("new@far.test")), ...nothing };
    case "worded":
      return { kind: "refused", reply: refusedWith("Ask the dean's office"), ...nothing };
    case "quiet":
      return { kind: "expanded", recipients: [{ ...direct(to.key, to), discarded: `${to.key} is switched off` }], ...nothing };
    case "closed":
      return { kind: "mayNotPost", list: to.key };
    case "lost":
      return { kind: "unavailable", cause: new Error("the entry could not be read") };
    case "broken":
      throw new Error("a fault of ours");
    default:
      return { kind: "absent", ...nothing };
  }
}

type Pair = { readonly cert: string; readonly key: string };
let pair: Pair | null = null;

/** A certificate for mx.campus.test, made once in a run. */
export function certificate(): Pair {
  pair ??= makeCertificate("mx.campus.test");
  return pair;
}

export function makeCertificate(name: string): Pair {
  const folder = mkdtempSync(join(tmpdir(), "mailroom-cert-"));
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", `/CN=${name}`];
  execFileSync("openssl", [...args, "-keyout", key, "-out", cert], { stdio: "ignore" });
  const made = { cert: readFileSync(cert, "utf8"), key: readFileSync(key, "utf8") };
  rmSync(folder, { recursive: true });
  return made;
}

export async function openCampus(options: CampusOptions = {}): Promise<Campus> {
  const campus = {
    stored: [],
    logged: [],
    aborted: 0,
    commits: 0,
    accepting: true,
    faulty: false,
    metrics: createMetrics(),
    spaceLow: false,
    directory: "up",
    queue: "up",
    brake: "go",
    commitDelay: 0,
    writeDelay: 0,
  } as unknown as { -readonly [K in keyof Campus]: Campus[K] };
  const log = (event: string, fields?: unknown) => void campus.logged.push({ event, fields });
  const answer = async <T>(value: () => T, trouble: T): Promise<T> => {
    if (campus.directory === "throws") throw new Error("a fault of ours");
    if (campus.directory === "hangs") return new Promise<T>(() => {});
    return campus.directory === "down" ? trouble : value();
  };
  const down = unavailable(new Error("the database is away"));
  const deps: ReceiveDeps = {
    directory: {
      domain: (name) =>
        answer(
          () =>
            name === "campus.test" || name === "second.test"
              ? found({ domain: name, aliasOf: null, catchAll: null, subaddressing: false, isRouted: false })
              : absent,
          down,
        ),
    },
    resolve: (recipient, sender) => answer<Resolution>(() => meaningOf(recipient, sender), down),
    brake: async (posts) => new Map(posts.map(({ list }) => [list, campus.brake])),
    openIntake: () => {
      if (campus.faulty) throw new Error("a fault of ours");
      return options.openIntake?.() ?? openIntake(campus);
    },
    log: { debug: () => {}, line: () => {}, info: log, warn: log, error: log },
    maillog: createMaillog({ debug: () => {}, info: log, warn: log, error: log, line: (_program, text) => log(text) }, campus.metrics),
    metrics: campus.metrics,
    accepting: () => campus.accepting,
    spaceLow: () => campus.spaceLow,
    firstDomain: async () => "campus.test",
    sending: options.sending ?? null,
  };
  const settings: ReceiveSettings = {
    hostname: options.hostname ?? "mx.campus.test",
    listen: {
      smtp: options.listen ?? [{ host: "127.0.0.1", port: 0 }],
      submission: options.sending === undefined ? [] : [{ host: "127.0.0.1", port: 0 }],
      submissions: options.sending === undefined ? [] : [{ host: "127.0.0.1", port: 0 }],
    },
    tls: certificate(),
    trustedNetworks: options.trustedNetworks ?? [],
    uncountedNetworks: options.uncountedNetworks ?? LOOPBACK,
    postmaster: options.postmaster == null ? null : mailbox(options.postmaster),
    canLeave: true,
    limits: { ...defaultLimits, refusalDelay: 1, ...options.limits },
  };
  campus.receiver = await startReceiver(deps, settings);
  campus.port = campus.receiver.addresses[0]?.port ?? 0;
  campus.submissionPort = campus.receiver.submission[0]?.port ?? 0;
  campus.submissionsPort = campus.receiver.submissions[0]?.port ?? 0;
  return campus;
}

let made = 0;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** A queue in memory: keeps each piece as it came, so that a piece changed afterwards shows. */
function openIntake(campus: Campus): Intake {
  const pieces: Buffer[] = [];
  let ended = false;
  const queueId = `Q${++made}`;
  const end = () => {
    if (ended) throw new Error("an intake ends once");
    ended = true;
  };
  return {
    messageId: BigInt(made),
    queueId,
    write(octets) {
      if (ended) throw new Error("written after its end");
      if (campus.queue === "refuses content") return Promise.reject(new Error("no room"));
      if (campus.queue === "hangs") return new Promise(() => {});
      pieces.push(octets);
      return campus.writeDelay > 0 ? pause(campus.writeDelay) : undefined;
    },
    async commit(message) {
      end();
      campus.commits++;
      await pause(campus.commitDelay);
      if (campus.queue === "down") throw new Error("the database is away");
      campus.stored.push({ queueId, message, content: Buffer.concat(pieces) });
    },
    async abort() {
      if (ended) return;
      end();
      campus.aborted++;
    },
  };
}
