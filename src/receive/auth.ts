/** AUTH (RFC 4954), with the mechanisms PLAIN (RFC 4616) and LOGIN, which programs still ask for. */
import { type ReplyName, replies } from "../mail/replies.ts";
import type { Reply } from "../mail/reply.ts";
import { countedAs } from "../sending/networks.ts";
import type { Credentials, SignInAnswer } from "../sending/sign-in.ts";
import type { Answer, Dialogue } from "./dialogue.ts";

/** What a mechanism made of the client's responses: a name and password, the next challenge, or the reply that ends the exchange. */
type Step = { readonly login: string; readonly password: string } | { readonly challenge: Reply; readonly next: Exchange } | Reply;
type Exchange = (response: Buffer) => Step;

/** Failed sign-ins of one connection; the one that makes the number full ends it. */
const FAILURES = 3;

/** Called when AUTH stands without an initial response; PLAIN's first challenge is empty (RFC 4954 §4). A token (XOAUTH2) would be one more row. */
const mechanisms: ReadonlyMap<string, { readonly first: Reply; readonly exchange: Exchange }> = new Map([
  ["PLAIN", { first: replies.authPlainChallenge, exchange: plain }],
  ["LOGIN", { first: replies.authLoginName, exchange: loginName }],
]);

/** What EHLO offers, once TLS is on. */
export const MECHANISMS = [...mechanisms.keys()].join(" ");

/** RFC 4954 §4. */
export function AUTH(dialogue: Dialogue, argument: Buffer): Answer {
  const { state, tls, service, context } = dialogue;
  if (service === "smtp" || context.deps.sending === null) return replies.notImplemented;
  if (tls === null) return replies.authNeedsTls;
  if (state.hello?.extended !== true) return replies.helloFirst;
  if (state.person !== null) return replies.authAlready;
  const [, name, initial] = /^([A-Za-z0-9_-]{1,20})(?: +([^ ]+))? *$/.exec(argument.toString("latin1")) ?? [];
  if (name === undefined) return replies.badArgument;
  const mechanism = mechanisms.get(name.toUpperCase());
  if (mechanism === undefined) return replies.authMechanism;
  if (initial === undefined) return ask(dialogue, name, mechanism.first, mechanism.exchange);
  return respond(dialogue, name, mechanism.exchange, initial === "=" ? "" : initial); // RFC 4954 §4: "=" is an empty response
}

function ask(dialogue: Dialogue, mechanism: string, challenge: Reply, next: Exchange): Answer {
  dialogue.readResponse((line) => respond(dialogue, mechanism, next, line.toString("latin1")));
  return challenge;
}

function respond(dialogue: Dialogue, mechanism: string, exchange: Exchange, text: string): Answer {
  if (text === "*") return replies.authCancelled; // RFC 4954 §4
  const response = fromBase64(text);
  const step = response === null ? replies.authMalformed : exchange(response);
  if ("code" in step) return step;
  if ("challenge" in step) return ask(dialogue, mechanism, step.challenge, step.next);
  return check(dialogue, mechanism, step);
}

/** Strict: four characters to a group, padding only at the end. */
function fromBase64(text: string): Buffer | null {
  return /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text) ? Buffer.from(text, "base64") : null;
}

/** RFC 4616 §2: [authzid] NUL authcid NUL passwd. Nobody may act for another. */
function plain(response: Buffer): Step {
  const [authzid, login, password, ...more] = response.toString("latin1").split("\0").map(utf8);
  if (authzid == null || login == null || password == null || more.length > 0 || login === "") return replies.authMalformed;
  return authzid === "" || authzid === login ? { login, password } : { login, password: "" };
}

function loginName(response: Buffer): Step {
  const login = utf8(response.toString("latin1"));
  if (login === null || login === "" || login.includes("\0")) return replies.authMalformed;
  return { challenge: replies.authLoginPassword, next: (second) => loginPassword(login, second) };
}

function loginPassword(login: string, response: Buffer): Step {
  const password = utf8(response.toString("latin1"));
  return password === null || password.includes("\0") ? replies.authMalformed : { login, password };
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** RFC 4616 §2: both are UTF-8. Null: they are not. */
function utf8(latin1: string): string | null {
  try {
    return strictUtf8.decode(Buffer.from(latin1, "latin1"));
  } catch {
    return null;
  }
}

const unsuccessful: Readonly<Record<Exclude<SignInAnswer["kind"], "signedIn" | "refused">, ReplyName>> = {
  tooMany: "authTooOften",
  unavailable: "authUnavailable",
};

/** An empty password, and one that stands for another's name, go the same way as wrong ones, so that they are counted and slowed as they are. */
async function check(dialogue: Dialogue, mechanism: string, given: Omit<Credentials, "source">): Promise<Reply> {
  const { context, client, state } = dialogue;
  const { sending, metrics } = context.deps;
  if (sending === null) return replies.notImplemented;
  const answer = await sending.signIn({ source: countedAs(client.address), ...given });
  switch (answer.kind) {
    case "signedIn":
      state.person = answer.person;
      metrics.signIns.inc({ result: "succeeded" });
      return replies.authSucceeded;
    case "refused":
      return failed(dialogue, mechanism, given.login);
    case "unavailable":
      dialogue.trouble("smtp.sign_in_failed", answer.cause);
      break;
    case "tooMany":
      logFailure(dialogue, mechanism, given.login, "too many tries");
  }
  metrics.signIns.inc({ result: answer.kind });
  return replies[unsuccessful[answer.kind]];
}

function failed(dialogue: Dialogue, mechanism: string, login: string): Reply {
  const { client, context } = dialogue;
  logFailure(dialogue, mechanism, login, "authentication failure");
  context.deps.metrics.signIns.inc({ result: "refused" });
  client.failedSignIns++;
  return client.failedSignIns >= FAILURES ? replies.authEnough : replies.authFailed;
}

const logFailure = ({ client, context }: Dialogue, mechanism: string, login: string, why: string): void =>
  context.deps.maillog.signInFailed({ client: client.address, mechanism: mechanism.toUpperCase(), login, why });
