/**
 * One SMTP reply: RFC 5321 §4.2 code, RFC 3463 enhanced status, text in printable ASCII (one line). The enhanced status is
 * empty where RFC 2034 §3 and §4 have none: the greeting, the answers to HELO and EHLO, and 3yz replies.
 */
export type Reply = { readonly code: number; readonly enhancedStatus: string; readonly text: string };

const STATUS = /^[245]\.[0-9]{1,3}\.[0-9]{1,3}$/; // RFC 3463 §2
const TEXT = /^[ -~]+$/;
const CHALLENGE = 334; // RFC 4954 §4: its text is base64, and may be empty

/** A reply whose two codes agree in their first digit (RFC 2034 §4); anything else is a fault of ours and throws at start. */
export function reply(code: number, enhancedStatus: string, text: string): Reply {
  const made = { code, enhancedStatus, text };
  const agrees =
    enhancedStatus === "" ? code < 400 : STATUS.test(enhancedStatus) && enhancedStatus.startsWith(`${Math.trunc(code / 100)}.`);
  if (!agrees) throw new Error(`reply ${code} ${enhancedStatus}: classes differ`);
  if ((!TEXT.test(text) && !(code === CHALLENGE && text === "")) || replyLine(made).length > 510)
    throw new Error(`reply ${code} ${enhancedStatus}: not one line of printable ASCII`); // RFC 5321 §4.5.3.1.5
  return made;
}

/** `250 2.0.0 Ok`, without the line end. */
export const replyLine = (r: Reply): string =>
  r.enhancedStatus === "" ? `${r.code} ${r.text}` : `${r.code} ${r.enhancedStatus} ${r.text}`;
