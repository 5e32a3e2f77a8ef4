/** What the log says of the paths of a refused command. */
import { mailboxText } from "../mail/mailbox.ts";
import { parseForwardPath, parseReversePath } from "../mail/path.ts";
import type { Transaction } from "./transaction.ts";

type Paths = { readonly from: string | null; readonly to: string | null };

/** Characters shown of a path that is none. */
const SHOWN = 100;

/** The reverse-path said before, or by this MAIL; the forward-path of this RCPT. `argument`: all that stood behind the verb. */
export function pathsOf(verb: string, argument: Buffer, transaction: Transaction | null): Paths {
  const reverse = transaction?.envelope.reversePath;
  const from = reverse === undefined ? null : reverse === null ? "" : mailboxText(reverse);
  if (verb === "MAIL") return { from: from ?? reversePathText(argument), to: null };
  return { from, to: verb === "RCPT" ? forwardPathText(argument) : null };
}

function reversePathText(argument: Buffer): string {
  const parsed = parseReversePath(behindColon(argument));
  if (!parsed.ok) return asSent(argument);
  return parsed.path === null ? "" : mailboxText(parsed.path);
}

function forwardPathText(argument: Buffer): string {
  const parsed = parseForwardPath(behindColon(argument), { smtputf8: true });
  if (!parsed.ok) return asSent(argument);
  return parsed.path.kind === "postmaster" ? "postmaster" : mailboxText(parsed.path.mailbox);
}

const behindColon = (argument: Buffer): Buffer => argument.subarray(argument.indexOf(":") + 1);

/** No path: its octets, cut, and with nothing in them that would begin another field of the line. */
function asSent(argument: Buffer): string {
  const text = behindColon(argument).toString("latin1").trim();
  const inner = /^<(.*?)>?$/s.exec(text)?.[1] ?? text;
  const shown = inner.replace(/[^!-~]|[<>]/g, "?");
  return shown.length > SHOWN ? `${shown.slice(0, SHOWN)}...` : shown;
}
