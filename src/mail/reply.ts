/** One SMTP reply: RFC 5321 §4.2 code, RFC 3463 enhanced status, text in printable ASCII (one line). */
export type Reply = { readonly code: number; readonly enhancedStatus: string; readonly text: string };

/** A reply whose two codes agree in their first digit (RFC 2034 §4); anything else is a fault of ours and throws at start. */
export function reply(code: number, enhancedStatus: string, text: string): Reply {
  if (!enhancedStatus.startsWith(`${Math.trunc(code / 100)}.`)) throw new Error(`reply ${code} ${enhancedStatus}: classes differ`);
  return { code, enhancedStatus, text };
}

/** `250 2.0.0 Ok`, without the line end. */
export const replyLine = (r: Reply): string => `${r.code} ${r.enhancedStatus} ${r.text}`;
