import net from "node:net";
import { absent, found } from "../mail/lookup.ts";
import { parseMailbox } from "../mail/mailbox.ts";
import { parseRcptParameters } from "../mail/parameters.ts";
import { parseForwardPath } from "../mail/path.ts";
import { replies, replyToFault } from "../mail/replies.ts";
import { type Reply, replyLine } from "../mail/reply.ts";
import type { Resolution } from "../resolve/resolution.ts";
import { type Decider, decideRecipient } from "./decide-recipient.ts";
import { type Ours, type RelayForm, relayForms } from "./relay-forms.ts";

/** How one form was answered. `recipient`: in printable ASCII, other octets as \xNN. `got`: the reply line, or what happened in its place. */
export type RelayResult = RelayForm & { readonly got: string; readonly passed: boolean };

/** A connection of strangers is slowed down from its tenth refusal on, and ended at its twentieth. */
const FORMS_PER_CONNECTION = 8;

/**
 * Sends every form to a listener, as a stranger would, and sends no message. `own.domain` is one of its domains, `own.localPart` an address in
 * it that takes mail from anyone. Rejects when the listener cannot be reached; a client in a trusted network learns nothing from it.
 */
export async function testRelay(
  target: { readonly host: string; readonly port: number },
  own: Pick<Ours, "domain" | "localPart">,
  timeout = 10_000,
): Promise<RelayResult[]> {
  const address = await open(target, timeout, async (probe) => probe.address);
  const forms = relayForms({ ...own, address: address.includes(":") ? `[IPv6:${address}]` : `[${address}]` });
  const results: RelayResult[] = [];
  for (let at = 0; at < forms.length; at += FORMS_PER_CONNECTION) {
    const some = forms.slice(at, at + FORMS_PER_CONNECTION);
    results.push(...(await open(target, timeout, (probe) => askAll(probe, some))));
  }
  return results;
}

/** The same forms through the decision itself, with a directory of one address: what startReceiver asks before a port opens. Returns the failures. */
export async function relayFaults(): Promise<RelayResult[]> {
  const own: Ours = { domain: "campus.test", localPart: "u", address: "[192.0.2.1]" };
  const results = await Promise.all(relayForms(own).map(async (form) => judged(form, replyLine(await decide(form)))));
  return results.filter(({ passed }) => !passed);
}

const judged = (form: RelayForm, got: string): RelayResult => ({
  ...form,
  recipient: form.recipient.replace(/[^ -~]/g, (octet) => `\\x${octet.charCodeAt(0).toString(16).padStart(2, "0")}`),
  got,
  passed: form.expected.some((begin) => got.startsWith(begin)),
});

async function decide({ sender, recipient, smtputf8 }: RelayForm): Promise<Reply> {
  const parsed = parseForwardPath(Buffer.from(recipient, "latin1"), { smtputf8 });
  if (!parsed.ok) return replyToFault(parsed.fault, "forward");
  const parameters = parseRcptParameters(parsed.parameters, { smtputf8 });
  if (!parameters.ok) return parameters.reply;
  const from = parseMailbox(sender.slice(1, -1));
  const reversePath = from.ok ? from.mailbox : null;
  const decision = await decideRecipient(oneAddress, {
    path: parsed.path,
    reversePath,
    trustedNetwork: false,
    signedIn: false,
    ownAddress: "192.0.2.1",
    ownAddresses: [],
  });
  return decision.accepted ? replies.recipientOk : decision.reply;
}

/** u@campus.test, and nothing else. */
const oneAddress: Decider = {
  directory: {
    domain: async (name) =>
      name === "campus.test" ? found({ domain: name, aliasOf: null, catchAll: null, subaddressing: true, isRouted: false }) : absent,
  },
  resolve: async (mailbox): Promise<Resolution> => {
    const nothing = { hops: [], deadEnds: [] };
    if (mailbox.key !== "u@campus.test") return { kind: "absent", ...nothing };
    return {
      kind: "expanded",
      recipients: [{ mailbox, paths: [[mailbox.key]], morePaths: 0, list: null, held: null }],
      posts: [],
      withoutOwnCopy: [],
      ...nothing,
    };
  },
  postmaster: async () => {
    const parsed = parseMailbox("postmaster@campus.test");
    if (!parsed.ok) throw new Error(parsed.fault.detail);
    return { address: parsed.mailbox, fallback: null };
  },
  unavailable: () => {},
};

type Probe = { readonly address: string; readonly ask: (line: string) => Promise<string> };

async function askAll(probe: Probe, forms: readonly RelayForm[]): Promise<RelayResult[]> {
  const results: RelayResult[] = [];
  for (const form of forms) {
    await probe.ask("RSET");
    const mail = await probe.ask(`MAIL FROM:${form.sender}${form.smtputf8 ? " SMTPUTF8" : ""}`);
    const got = mail.startsWith("250") ? await probe.ask(`RCPT TO:${form.recipient}`) : `${mail} (to MAIL FROM:${form.sender})`;
    results.push(judged(form, got));
  }
  await probe.ask("QUIT");
  return results;
}

/** Connects, says EHLO, and does `work`. Replies that do not come, or a connection that ends, are an answer of their own. */
async function open<T>(target: { host: string; port: number }, timeout: number, work: (probe: Probe) => Promise<T>): Promise<T> {
  const socket = net.connect(target);
  socket.setTimeout(timeout, () => socket.destroy(new Error(`no answer from ${target.host}:${target.port} within ${timeout} ms`)));
  let heard = "";
  let wake = (): void => {};
  socket.on("data", (octets) => {
    heard += octets.toString("latin1");
    wake();
  });
  let failure: Error | null = null;
  socket.on("error", (error) => {
    failure = error;
  });
  socket.on("close", () => wake());
  const hear = async (): Promise<string> => {
    for (;;) {
      const whole = /^(?:[0-9]{3}-.*\r\n)*[0-9]{3} .*\r\n/.exec(heard)?.[0];
      if (whole !== undefined) {
        heard = heard.slice(whole.length);
        return whole.trimEnd();
      }
      if (failure !== null) throw failure;
      if (socket.destroyed) return "the connection was closed";
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  };
  const ask = (line: string): Promise<string> => {
    socket.write(`${line}\r\n`, "latin1");
    return hear();
  };
  try {
    const greeting = await hear();
    if (!greeting.startsWith("220")) throw new Error(`${target.host}:${target.port} answers ${greeting}`);
    await ask("EHLO relay-test.invalid");
    return await work({ address: socket.remoteAddress ?? "", ask });
  } finally {
    socket.destroy();
  }
}
