/**
 * Ways in which strangers have written a recipient to get mail through a server that is not theirs, with the reply each must have. The one
 * list behind `mailroom test-relay`, the check before a port opens, and the tests.
 */
import { domainToASCII } from "node:url";

/** A reverse-path and a forward-path, as octets in latin1, with their brackets. */
export type RelayForm = {
  readonly sender: string;
  readonly recipient: string;
  readonly smtputf8: boolean;
  /** How the reply must begin. More than one: the directory may know the address. */
  readonly expected: readonly string[];
};

/** `domain` is ours, `localPart` an address in it that takes mail from anyone; `address`: our own that is connected to, as a literal. */
export type Ours = { readonly domain: string; readonly localPart: string; readonly address: string };

const BAD = "501 5.1.3";
const UNKNOWN = "550 5.1.1";
const DENIED = "550 5.7.1";
const TAKEN = "250 2.1.5";
const NOT_ASCII = "553 5.6.7";

const latin1 = (text: string): string => Buffer.from(text, "utf8").toString("latin1");

/** Letters that look like the Latin ones; written as escapes, because they do. */
const CYRILLIC: Readonly<Record<string, string>> = {
  a: "\u0430",
  c: "\u0441",
  e: "\u0435",
  o: "\u043e",
  p: "\u0440",
  x: "\u0445",
  y: "\u0443",
};

type Row = readonly [recipient: string, expected: string | readonly string[], smtputf8?: true];

function rows({ domain, localPart, address }: Ours): Row[] {
  const known = `${localPart}@${domain}`;
  const lookalike = domain.replace(/[aceopxy]/, (letter) => CYRILLIC[letter] ?? letter);
  return [
    ["<x@evil.test>", DENIED],
    [`<x%evil.test@${domain}>`, UNKNOWN],
    [`<"x@evil.test"@${domain}>`, UNKNOWN],
    [`<x@evil.test@${domain}>`, BAD],
    [`<evil.test!x@${domain}>`, UNKNOWN],
    [`<@${domain}:x@evil.test>`, DENIED],
    [`<@evil.test:${known}>`, TAKEN],
    [`<@evil.test,@${domain}:x@evil.test>`, DENIED],
    ["<x@[127.0.0.1]>", DENIED],
    ["<x@[IPv6:::1]>", DENIED],
    [`<x@${address}>`, DENIED],
    [`<x%evil.test@${address}>`, DENIED],
    [`<"x@evil.test"@${address}>`, DENIED],
    ["<x@127.0.0.1>", DENIED],
    ["<x@localhost>", DENIED],
    [`<${localPart}@${domain.toUpperCase()}>`, TAKEN],
    [`<${localPart.toUpperCase()}@${domain}>`, TAKEN],
    [`<${known}.>`, BAD],
    ["<postmaster>", TAKEN],
    ["<PostMaster>", TAKEN],
    [`<postmaster@${address}>`, TAKEN],
    [`<postmaster@${domain}>`, TAKEN],
    ["<postmaster@evil.test>", DENIED],
    ["<no-domain>", BAD],
    ["<>", BAD],
    [`<"${localPart}"@${domain}>`, TAKEN],
    [`<"\\${localPart}"@${domain}>`, TAKEN],
    [`<(c)${known}>`, BAD],
    [`<${known}>x`, BAD],
    [`<${known}> x@evil.test`, "501 5.5.4"],
    [`<${known},x@evil.test>`, BAD],
    ["x@evil.test", BAD],
    [`<${localPart}\0x@${domain}>`, BAD],
    [`<${localPart}\tx@${domain}>`, BAD],
    [`<${localPart}\x7fx@${domain}>`, BAD],
    [`<${"x".repeat(64)}@${domain}>`, [UNKNOWN, TAKEN]],
    [`<${"x".repeat(65)}@${domain}>`, BAD],
    [latin1(`<\u00fc@${domain}>`), NOT_ASCII],
    [latin1(`<\u00fc@${domain}>`), NOT_ASCII, true],
    ...(lookalike === domain
      ? []
      : ([
          [latin1(`<${localPart}@${lookalike}>`), DENIED, true],
          [`<${localPart}@${domainToASCII(lookalike)}>`, DENIED],
        ] as const)),
    [`<\xff\xfe${known}>`, BAD],
    [`<|cmd@${domain}>`, UNKNOWN],
    [`<"|cmd"@${domain}>`, UNKNOWN],
    [`<\${x}@${domain}>`, UNKNOWN],
    [`<*@${domain}>`, UNKNOWN],
    [`<SRS0=AAAA=TT=evil.test=x@${domain}>`, DENIED],
    [`<SRS1=AAAA=evil.test==TT=x@${domain}>`, DENIED],
    [`<prvs=0123456789=x/evil.test@${domain}>`, UNKNOWN],
  ];
}

/** Each row from a stranger and from the null reverse-path, and the plainest from senders that look like ours: none of them opens anything. */
export function relayForms(ours: Ours): RelayForm[] {
  const likeOurs = [`<${ours.localPart}@${ours.domain}>`, "<a@localhost>", "<a@[127.0.0.1]>", `<postmaster@${ours.domain}>`];
  const table = rows(ours).map(([recipient, expected, smtputf8]) => ({
    recipient,
    expected: typeof expected === "string" ? [expected] : expected,
    smtputf8: smtputf8 === true,
  }));
  const both = ["<a@evil.test>", "<>"].flatMap((sender) => table.map((form) => ({ sender, ...form })));
  const plainest = likeOurs.map((sender) => ({ sender, recipient: "<x@evil.test>", smtputf8: false, expected: [DENIED] }));
  // The address of ours may itself be the postmaster's: each form is asked once.
  return [...new Map([...both, ...plainest].map((form) => [`${form.sender} ${form.recipient} ${form.smtputf8}`, form])).values()];
}
