/**
 * Everything we say on the wire, in one table: the reply, when it is given, and what the sending side should do. Nothing in
 * it repeats what the client sent or names anything internal. `docs/replies.md` is printed from it.
 */
import type { AddressFault } from "./address-fault.ts";
import { canBeOurLocalPart, type Mailbox, mailboxText } from "./mailbox.ts";
import { type Reply, reply } from "./reply.ts";

type Row = { readonly reply: Reply; readonly when: string; readonly advice: string };

/** `said`: code, enhanced status where there is one, text: as it goes on the wire. */
function row(said: string, when: string, advice: string): Row {
  const [, code, enhancedStatus = "", text = ""] = /^([0-9]{3})(?: ([0-9.]+))? (.*)$/.exec(said) ?? [];
  return { reply: reply(Number(code), enhancedStatus, text), when, advice };
}

const goOn = "Go on.";
const tryLater = "Keep the message and try again later.";
const reconnect = "Connect again later.";
const mendProgram = "Mend the sending program: it breaks the protocol.";
const mendAddress = "Correct the address.";
const mendMessage = "Correct the message; sent again as it is it will be refused again.";

/** Every row, in the order a session meets them. A key is what code says: `replies.mailboxUnknown`. */
export const replyTable = {
  // The connection
  hello: row("250 Mailroom", "HELO; EHLO has the extensions on further lines", goOn),
  tooManyConnections: row(
    "421 4.7.0 Too many connections from your network, closing",
    "one address (IPv6: one /64) holds its share of connections",
    "Use fewer connections at once.",
  ),
  busy: row("421 4.3.2 Too many connections, try again later", "this worker has all the connections it takes", reconnect),
  shuttingDown: row(
    "421 4.3.2 Service is stopping, try again later",
    "the server is stopping or handing over; nothing accepted is lost",
    reconnect,
  ),
  intakePaused: row("421 4.3.2 Not accepting mail at the moment, try again later", "an operator has paused intake", reconnect),
  timeout: row("421 4.4.2 Timeout, closing", "no command in time, or a session past its limit", reconnect),
  tooSlow: row(
    "421 4.4.2 Data comes too slowly, closing",
    "DATA below the least rate, or longer than its limit in total",
    "Send again over a faster line.",
  ),
  tooManyErrors: row("421 4.7.0 Too many errors, closing", "too many refused commands on one connection", mendProgram),
  wrongProtocol: row(
    "421 4.7.0 This is an SMTP server, closing",
    "an HTTP request or a TLS handshake on a clear-text port",
    "Speak SMTP here, or use the port that starts with TLS.",
  ),
  earlyTalker: row("554 5.5.0 Speaking before the greeting, closing", "input arrived before our greeting", mendProgram),
  bye: row("221 2.0.0 Bye", "QUIT", "Close the connection."),

  // Commands
  ok: row("250 2.0.0 Ok", "RSET, NOOP", goOn),
  help: row("214 2.0.0 See RFC 5321", "HELP", goOn),
  cannotVerify: row(
    "252 2.0.0 Cannot verify, but will take mail for addresses that exist",
    "VRFY, the same for every address",
    "Try to send.",
  ),
  badLine: row(
    "500 5.5.2 Commands end with CR LF and hold no other CR, LF or NUL",
    "a command with a bare CR, bare LF or NUL; the second one closes the connection",
    mendProgram,
  ),
  lineTooLong: row("500 5.5.2 Line too long", "a command line over the limit; the third one closes the connection", mendProgram),
  unknownCommand: row("500 5.5.1 Command not recognized", "a word that is no SMTP command", mendProgram),
  notImplemented: row(
    "502 5.5.1 Command not implemented",
    "EXPN, TURN, ETRN, XCLIENT, AUTH and other commands that are not offered",
    "Do without this command.",
  ),
  chunkingRefused: row("521 5.5.1 BDAT is not offered, closing", "BDAT: its octets must not be read as commands", "Use DATA."),
  badArgument: row(
    "501 5.5.4 Syntax error in the argument",
    "HELO or EHLO without a name, DATA, STARTTLS or RSET with an argument, MAIL without FROM, RCPT without TO",
    mendProgram,
  ),
  helloFirst: row("503 5.5.1 Send EHLO first", "MAIL before HELO or EHLO, also after STARTTLS", mendProgram),
  transactionOpen: row("503 5.5.1 A transaction is open already", "MAIL inside a transaction", "Send RSET first."),
  mailFirst: row("503 5.5.1 Send MAIL first", "RCPT or DATA outside a transaction", mendProgram),
  recipientFirst: row("503 5.5.1 No valid recipients", "DATA when no recipient was accepted", "See the replies to RCPT."),
  badSequence: row("503 5.5.1 Bad sequence of commands", "a command that is not valid in this state; pipelining without EHLO", mendProgram),

  // TLS
  startTls: row("220 2.0.0 Ready to start TLS", "STARTTLS", "Start the handshake; send nothing else before."),
  tlsActive: row("503 5.5.1 TLS is active already", "STARTTLS inside TLS", goOn),

  // AUTH
  authPlainChallenge: row("334 ", "AUTH PLAIN without an initial response", "Send the response."),
  authLoginName: row("334 VXNlcm5hbWU6", "AUTH LOGIN", "Send the name, in base64."),
  authLoginPassword: row("334 UGFzc3dvcmQ6", "the name of AUTH LOGIN", "Send the password, in base64."),
  authSucceeded: row("235 2.7.0 Signed in", "name and password are right", goOn),
  authFailed: row(
    "535 5.7.8 Name or password is wrong",
    "whichever of the two it is; an empty password; an authorization identity other than the person's own",
    "Correct name and password.",
  ),
  authTooOften: row(
    "454 4.7.0 Too many wrong passwords for this name, try again later",
    "tries for one name from one address come faster than they are checked",
    "Wait a minute; correct the password in every program that has it.",
  ),
  authUnavailable: row("454 4.7.0 Signing in is not possible now, try again later", "the database or directory did not answer", tryLater),
  authEnough: row("421 4.7.0 Too many wrong passwords, closing", "the third wrong password on a connection", reconnect),
  authCancelled: row("501 5.7.0 Sign-in cancelled", "a * in place of a response", goOn),
  authMalformed: row("501 5.5.2 Cannot read that response", "a response that is not base64, or not of the mechanism's form", mendProgram),
  authMechanism: row("504 5.5.4 Mechanism not offered", "an AUTH mechanism other than PLAIN and LOGIN", "Use PLAIN."),
  authLineTooLong: row("500 5.5.6 Sign-in line is too long", "an AUTH command or response above 12,288 octets", mendProgram),
  authNeedsTls: row("538 5.7.11 Signing in needs TLS", "AUTH in clear text", "Send STARTTLS first."),
  authAlready: row("503 5.5.1 Signed in already", "a second AUTH, inside a transaction too: there is none before the first", mendProgram),
  tlsFirst: row("530 5.7.0 Must issue a STARTTLS command first", "MAIL, RCPT or DATA in clear text where people sign in", "Send STARTTLS."),
  authFirst: row("530 5.7.0 Sign in first", "MAIL, RCPT or DATA where people sign in, without that", "Send AUTH."),

  // MAIL
  senderOk: row("250 2.1.0 Ok", "MAIL accepted", goOn),
  badReversePath: row(
    "501 5.1.7 Bad sender address",
    "a MAIL argument that is neither the null path nor one address in brackets, or breaks a length limit",
    mendAddress,
  ),
  unknownParameter: row(
    "555 5.5.4 Parameter not recognized",
    "a MAIL or RCPT parameter that EHLO did not offer",
    "Send only what is offered.",
  ),
  badParameter: row("501 5.5.4 Bad parameter", "a parameter twice, without its value, or with a wrong value", mendProgram),
  messageTooLarge: row(
    "552 5.3.4 Message too large",
    "SIZE= above the limit, or data above it",
    "Make the message smaller, or send a link.",
  ),
  noSpace: row("452 4.3.1 Out of space, try again later", "the database volume is nearly full, or full", tryLater),

  senderNotYours: row(
    "553 5.7.1 Sending from this address is not granted to you",
    "a signed-in person's MAIL with the null path, or an address that is neither theirs nor granted to them",
    "Send from your own address, or ask for a grant.",
  ),
  sendingStopped: row(
    "450 4.7.1 Your sending is stopped until an administrator has looked",
    "MAIL or RCPT of a person who named more recipients than the hard stop; what waits of theirs is held",
    "Ask the administrators; change your password if this was not you.",
  ),

  // RCPT
  recipientOk: row("250 2.1.5 Ok", "RCPT accepted", goOn),
  badForwardPath: row(
    "501 5.1.3 Bad recipient address",
    "a RCPT argument that is not one address in brackets, or breaks a length limit",
    mendAddress,
  ),
  addressNotAscii: row(
    "553 5.6.7 Address is not ASCII and SMTPUTF8 was not given, or it cannot exist here",
    "an address that is not ASCII without SMTPUTF8; a local part of ours that is not ASCII",
    mendAddress,
  ),
  relayDenied: row(
    "550 5.7.1 Not a domain of ours, and you may not relay",
    "the domain is not ours and the client's network is not trusted",
    "Send to the domain's own servers.",
  ),
  returnAddressInvalid: row(
    "550 5.7.1 This return address is not valid, or no longer",
    "an address of the form SRS0=… at a domain of ours: it stands for a foreign one, and none of ours is such",
    "Send to the address it stands for.",
  ),
  noDestination: row(
    "550 5.1.2 No mail goes to such a domain",
    "a client of a trusted network names an address literal, a single label or a name ending in a number",
    mendAddress,
  ),
  mailboxUnknown: row("550 5.1.1 No such address here", "the domain is ours, the address unknown or switched off", mendAddress),
  mailboxDisabled: row(
    "450 4.2.1 This address takes no mail at present, try again later",
    "the address is switched off for a while, or leads only to such ones",
    tryLater,
  ),
  forwardingNotAllowed: row(
    "550 5.7.1 Mail for this address may not be forwarded to where it leads",
    "it leads off campus only, and the holder's affiliation may not forward there",
    "Ask its holder for another address.",
  ),
  mayNotPost: row("550 5.7.2 You may not send to this address", "the list does not take mail from this sender", "Ask the list's owner."),
  listAlone: row(
    "452 4.5.3 This list and other recipients need transactions of their own",
    "a list that takes this post only if the author of the message may post to it, beside another recipient; those accepted stay",
    "Send to the rest in another transaction.",
  ),
  leadsToItself: row(
    "550 5.4.6 This address leads only to itself",
    "every way from the address ends in a loop or in nothing",
    "Tell the postmaster.",
  ),
  expansionTooLarge: row("550 5.2.4 This list is too large or too deeply nested", "expansion beyond its limits", "Tell the list's owner."),
  tooManyRecipients: row(
    "452 4.5.3 Too many recipients",
    "more recipients than one transaction takes; those accepted stay",
    "Send to the rest in another transaction.",
  ),
  lookupFailed: row(
    "451 4.3.0 Address lookup failed, try again later",
    "the database or the directory did not answer; never a sign that the address is wrong",
    tryLater,
  ),

  tooManyPerHour: row(
    "450 4.7.1 You have reached your limit of recipients per hour",
    "a signed-in person who named as many recipients as they may in an hour",
    "Send to the rest later, or to a list.",
  ),
  tooManyFirstTime: row(
    "450 4.7.1 You have reached your limit of new recipients per day",
    "a signed-in person who sent to as many new recipients as they may in a day",
    "Send to the rest tomorrow, or to a list.",
  ),

  // DATA and what follows
  sendData: row("354 End data with <CR><LF>.<CR><LF>", "DATA", "Send the message."),
  holdsNul: row("550 5.6.0 Message holds a NUL octet, closing", "a NUL anywhere in the data", mendMessage),
  bareLineEnd: row(
    "550 5.5.2 Message holds a CR or LF that is not part of CR LF, closing",
    "a bare CR or bare LF anywhere in the data",
    mendMessage,
  ),
  dataLineTooLong: row("554 5.6.0 Message holds a line that is too long", "a line above 32 KiB", mendMessage),
  noHeader: row("554 5.6.0 Message does not begin with a header", "the first line is neither a header field nor empty", mendMessage),
  headerTooLarge: row("552 5.3.4 Message header too large", "a header section above 256 KiB", mendMessage),
  tooManyHops: row(
    "554 5.4.6 Too many Received fields, mail loop",
    "more than 50 Received fields",
    "Look for a loop between mail servers.",
  ),
  authorNotYours: row(
    "550 5.7.1 The From field must name one address that is yours to send from",
    "a signed-in person's message with no From, two, one that names several or none, or one that is neither theirs nor granted to them",
    "Write it with your own address in From.",
  ),
  hereBefore: row(
    "554 5.4.6 Message was here for this address before, mail loop",
    "a Delivered-To field names the very address it is sent to",
    "Look for a forward that leads back.",
  ),
  automaticToList: row(
    "550 5.7.2 Lists do not take automatic mail",
    "all that is behind the recipients is lists, and the message says that a program wrote it: Auto-Submitted, or Precedence bulk, junk or auto_reply",
    "Write to a person, or ask the list's owner for an address that is no list.",
  ),
  wasOnList: row(
    "554 5.4.6 Message has been on this list before, mail loop",
    "its List-Id is that of the list it is sent to",
    "Look for a member whose mail is sent back to the list.",
  ),
  postsTooFast: row(
    "450 4.7.1 Too many posts to this list, try again in a minute",
    "more than 5 posts of one sender to one list in a minute",
    "Send the rest later; most servers do so by themselves.",
  ),
  localTrouble: row("451 4.3.0 Local trouble, try again later", "anything on our side that went wrong: nothing was stored", tryLater),
} as const satisfies Record<string, Row>;

export type ReplyName = keyof typeof replyTable;

/** The replies alone, by name. */
export const replies: Readonly<Record<ReplyName, Reply>> = Object.fromEntries(
  Object.entries(replyTable).map(([name, { reply: said }]) => [name, said]),
) as Record<ReplyName, Reply>;

/** The one promise: said after COMMIT only. RFC 5321 §4.2.5. */
export const queuedAs = (queueId: string): Reply => ({ code: 250, enhancedStatus: "2.0.0", text: `Ok: queued as ${queueId}` });

/** RFC 3463 §3.2, X.1.6: the address is retired, and this is the new one. */
export function movedTo({ localPart, domain, key }: Mailbox): Reply {
  const isAscii = /^[!-~]*$/.test(key);
  return reply(550, "5.1.6", isAscii ? `This address has moved to <${mailboxText({ localPart, domain, key })}>` : "This address has moved");
}

/** RFC 3463 §3.3, X.2.1: the address is switched off, with words of an admin: printable ASCII, 200 characters at most. */
export const refusedWith = (words: string): Reply => reply(550, "5.2.1", words);

/** The greeting (RFC 5321 §3.1). `hostname` is ours, from the settings. */
export const greeting = (hostname: string): Reply => reply(220, "", `${hostname} ESMTP Mailroom`);

/** What a bad address is answered with: 501 5.1.7 to MAIL, 501 5.1.3 to RCPT (RFC 3463 §3.2), 553 5.6.7 where SMTPUTF8 is missing (RFC 6531 §3.5). */
export function replyToFault(fault: AddressFault, path: "reverse" | "forward"): Reply {
  if (fault.kind === "notAscii") return replies.addressNotAscii;
  return path === "reverse" ? replies.badReversePath : replies.badForwardPath;
}

/** What a local part (lowered) that cannot exist at our domains is answered with, without a query; null: the directory decides. */
export function replyToLocalPart(localPart: string): Reply | null {
  if (canBeOurLocalPart(localPart)) return null;
  return /^[ -~]*$/.test(localPart) ? replies.mailboxUnknown : replies.addressNotAscii;
}
