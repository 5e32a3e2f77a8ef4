import { replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { AUTH, MECHANISMS } from "./auth.ts";
import type { Answer, Command, Dialogue } from "./dialogue.ts";
import { DATA, MAIL, RCPT } from "./transaction-commands.ts";

/** RFC 5321 §4.5.3.1.2: a domain has 255 octets. No blanks, no controls, nothing that is not ASCII: it will stand in a trace field. */
const HELLO_NAME = /^[!-~]{1,255}$/;

function HELO(dialogue: Dialogue, argument: Buffer): Reply {
  return greet(dialogue, argument, false) ?? helloFrom(dialogue);
}

/** RFC 5321 §4.1.1.1. RFC 1870, 2034, 2920, 3207, 3461, 6152, 6531, 9422: what we offer. RFC 4954 §4: AUTH where people sign in, only once TLS is on. */
function EHLO(dialogue: Dialogue, argument: Buffer, done: () => void): Answer {
  const refusal = greet(dialogue, argument, true);
  if (refusal !== null) return refusal;
  const { limits } = dialogue.context;
  const offered = ["PIPELINING", `SIZE ${limits.size}`, "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN"];
  offered.push(`LIMITS RCPTMAX=${limits.recipients}`);
  if (dialogue.tls === null) offered.push("STARTTLS");
  else if (dialogue.service !== "smtp" && dialogue.state.person === null) offered.push(`AUTH ${MECHANISMS}`);
  dialogue.say(helloFrom(dialogue), offered);
  done();
  return null;
}

/** RFC 5321 §4.1.1.1: the answer begins with our name. */
const helloFrom = ({ context }: Dialogue): Reply => ({ ...replies.hello, text: `${context.settings.hostname} ${replies.hello.text}` });

/** Also ends an open transaction, as RSET does (RFC 5321 §4.1.4). Null: the name is in order. */
function greet(dialogue: Dialogue, argument: Buffer, extended: boolean): Reply | null {
  const name = textOf(argument);
  if (!HELLO_NAME.test(name)) return replies.badArgument;
  dialogue.state.hello = { name, extended };
  dialogue.state.transaction = null;
  return null;
}

function RSET(dialogue: Dialogue, argument: Buffer): Reply {
  if (textOf(argument) !== "") return replies.badArgument; // RFC 5321 §4.1.1.5
  dialogue.state.transaction = null;
  return replies.ok;
}

/** RFC 3207 §4. What stands behind it in the same segment is thrown away with the reader it came to. */
function STARTTLS(dialogue: Dialogue, argument: Buffer, done: () => void): Reply | null {
  if (textOf(argument) !== "") return replies.badArgument;
  if (dialogue.tls !== null) return replies.tlsActive;
  dialogue.say(replies.startTls);
  dialogue.startTls(done);
  return null;
}

/** RFC 5321 §4.1.1: blanks at the end of a line are tolerated. */
const textOf = (argument: Buffer): string => argument.toString("latin1").replace(/ +$/, "");

const always =
  (reply: Reply): Command["run"] =>
  () =>
    reply;

/** Commands by their name in capitals. An extension that we do not offer is code that we do not have. */
export const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ["HELO", { run: HELO, idle: true }],
  ["EHLO", { run: EHLO, idle: true }],
  ["MAIL", { run: MAIL, readsPath: true }],
  ["RCPT", { run: RCPT, readsPath: true }],
  ["DATA", { run: DATA }],
  ["RSET", { run: RSET, idle: true }],
  ["NOOP", { run: always(replies.ok), idle: true }],
  ["QUIT", { run: always(replies.bye) }],
  ["HELP", { run: always(replies.help), idle: true }],
  ["VRFY", { run: always(replies.cannotVerify), idle: true }], // RFC 5321 §7.3: whether an address exists is not told
  ["STARTTLS", { run: STARTTLS }],
  ["AUTH", { run: AUTH }],
  ["BDAT", { run: always(replies.chunkingRefused) }], // RFC 3030 §2: a chunk follows without waiting for the reply
  ...["EXPN", "TURN", "ETRN", "SEND", "SOML", "SAML", "WIZ", "SHELL", "KILL", "DEBUG", "XCLIENT", "XFORWARD"].map(
    (name): [string, Command] => [name, { run: always(replies.notImplemented) }],
  ),
]);
