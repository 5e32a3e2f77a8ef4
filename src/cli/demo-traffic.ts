/** The demo's mail: a week's worth, sent through the server over SMTP as the world would, so that every screen has something true to show. */
import net from "node:net";

/** One message to send. */
export type DemoMail = {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly body: string;
  readonly html?: string;
};

/** How many messages; some are refused, as in life. */
const MESSAGES = 140;
/** The demo does not wait longer for them. Milliseconds. */
const PATIENCE = 20_000;

const SENDERS = [
  ["Maya Chen", "maya.chen@elsewhere.example"],
  ["Prof. Idris Bello", "ibello@university.example"],
  ["Conference Office", "office@conference.example"],
  ["Library Network", "notices@library-network.example"],
  ["Jürgen Groß", "jgross@partner.example"],
  ["Travel Desk", "bookings@travel.example"],
] as const;

const SUBJECTS = [
  "Agenda for Thursday",
  "Reading group, chapter 4",
  "Invoice 20417",
  "Room change: seminar moves to B12",
  "Draft of the grant proposal",
  "Your library loans",
  "Re: visiting lecture in May",
  "Übung 3: Rückfragen",
  "Minutes of the last meeting",
  "Call for papers",
] as const;

/** Where the demo's mail goes: people, lists, roles, a few that nobody has, and the broken ones. */
const DEMO_RECIPIENTS = [
  "ann.lee@campus.example",
  "ben.okafor@campus.example",
  "cs-faculty@cs.campus.example",
  "helpdesk@campus.example",
  "all-faculty@campus.example",
  "library@campus.example",
  "maya.west+seminar@campus.example",
  "robotics@cs.campus.example",
  "bio-all@campus.example",
  "reunion-1999@campus.example",
  "announcements@campus.example",
  "alee@alumni.campus.example",
  "grants-office@campus.example",
  "book-club@campus.example",
  "anne.lee@campus.example",
] as const;

/** The same messages each time. */
export const demoMail = (): readonly DemoMail[] =>
  Array.from({ length: MESSAGES }, (_, i) => {
    const [name, address] = SENDERS[i % SENDERS.length] ?? SENDERS[0];
    const subject = SUBJECTS[(i * 7) % SUBJECTS.length] ?? "";
    const body = `Dear all,\r\n\r\n${subject}: please see below.\r\n\r\nKind regards\r\n${name}\r\n`;
    return {
      from: `${encodedWord(name)} <${address}>`,
      to: DEMO_RECIPIENTS[(i * 4) % DEMO_RECIPIENTS.length] ?? DEMO_RECIPIENTS[0],
      subject: encodedWord(subject),
      body,
      ...(i % 5 === 0 && { html: `<p>Dear all,</p><h2>${subject}</h2><p>please see below.</p><p>Kind regards<br>${name}</p>` }),
    };
  });

/** RFC 2047 §4.1, where there is need of it. */
const encodedWord = (text: string): string => (/^[ -~]*$/.test(text) ? text : `=?UTF-8?B?${Buffer.from(text).toString("base64")}?=`);

/** A connection of strangers is slowed down from its tenth refusal on: these stay below it. */
const PER_CONNECTION = 20;

/** Sends all of it, as several servers would one after the other. Gives how many were accepted. Rejects with what went wrong. */
export async function sendDemoMail(at: { readonly host: string; readonly port: number }, mail: readonly DemoMail[]): Promise<number> {
  let accepted = 0;
  for (let first = 0; first < mail.length; first += PER_CONNECTION)
    accepted += await converse(at, mail.slice(first, first + PER_CONNECTION));
  return accepted;
}

async function converse(at: { readonly host: string; readonly port: number }, mail: readonly DemoMail[]): Promise<number> {
  const socket = net.connect(at);
  socket.setTimeout(PATIENCE, () => socket.destroy(new Error("the server did not answer the demo's mail in time")));
  try {
    const replies = repliesOf(socket);
    const ask = async (text: string): Promise<string> => {
      socket.write(text);
      return (await replies.next()).value ?? "";
    };
    await replies.next(); // the greeting
    await ask("EHLO elsewhere.example\r\n");
    let accepted = 0;
    for (const message of mail) if (await send(ask, message)) accepted++;
    await ask("QUIT\r\n");
    return accepted;
  } finally {
    socket.destroy();
  }
}

async function send(ask: (text: string) => Promise<string>, message: DemoMail): Promise<boolean> {
  await ask("RSET\r\n");
  await ask(`MAIL FROM:<${/<(.*)>/.exec(message.from)?.[1] ?? ""}>\r\n`);
  if (!(await ask(`RCPT TO:<${message.to}>\r\n`)).startsWith("250")) return false; // as it should be, of some
  await ask("DATA\r\n");
  return (await ask(`${textOf(message)}\r\n.\r\n`)).startsWith("250");
}

/** RFC 5322, and RFC 2046 §5.1.4 where there is HTML too. No line begins with a dot. */
function textOf({ from, to, subject, body, html }: DemoMail): string {
  const head = `From: ${from}\r\nTo: <${to}>\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\n`;
  const plain = `Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${body}`;
  if (html === undefined) return `${head}${plain}`;
  return `${head}Content-Type: multipart/alternative; boundary="demo"\r\n\r\n--demo\r\n${plain}\r\n--demo\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n${html}\r\n--demo--`;
}

/** Whole replies as they come (RFC 5321 §4.2.1). */
async function* repliesOf(socket: net.Socket): AsyncGenerator<string, undefined> {
  let heard = "";
  for await (const octets of socket) {
    heard += String(octets);
    for (let whole = WHOLE.exec(heard)?.[0]; whole !== undefined; whole = WHOLE.exec(heard)?.[0]) {
      heard = heard.slice(whole.length);
      yield whole;
    }
  }
  return undefined;
}
const WHOLE = /^(?:[0-9]{3}-.*\r\n)*[0-9]{3} .*\r\n/;
