import { type Reply, reply } from "../mail/reply.ts";
import type { RemoteReply } from "../mail/verdict.ts";

/** 512 characters of a remote's words are kept: enough for every reason seen in practice, too few to fill a log. */
const TEXT_LIMIT = 512;
const LINE = /^([2-5]\d\d)(?:[ -](.*))?$/;
const ENHANCED = /^([245]\.\d{1,3}\.\d{1,3})(?:\s+|$)/;

/**
 * A whole reply as it came, lines joined by LF, as a RemoteReply: one line, control characters and non-ASCII replaced, text
 * capped. Without an enhanced status, or with one of another class, x.0.0 stands in (RFC 3463 §3.1). Null: not a reply at all.
 */
export function parseRemoteReply(raw: string): RemoteReply | null {
  const lines = raw.split("\n");
  const last = LINE.exec(lines[lines.length - 1] ?? "");
  if (last === null) return null;
  const code = Number(last[1]);
  let enhancedStatus = `${Math.trunc(code / 100)}.0.0`;
  if (code < 300 || code >= 400) {
    const stated = ENHANCED.exec(last[2] ?? "");
    if (stated?.[1] !== undefined && stated[1].charAt(0) === String(code).charAt(0)) enhancedStatus = stated[1];
  }
  const words = lines.map((line) => (LINE.exec(line)?.[2] ?? line).replace(ENHANCED, ""));
  return { code, enhancedStatus, text: cleanText(words.join(" ")) };
}

/** Printable ASCII on one line, at most 512 characters. */
export function cleanText(text: string): string {
  return text
    .slice(0, TEXT_LIMIT)
    .replace(/[^\x20-\x7e]/g, (octet) => (octet < " " || octet === "\x7f" ? " " : "?"))
    .trim();
}

/** What we say of an attempt in which no remote spoke; `detail` is added in cleaned form. */
export const ourWords = (code: number, enhancedStatus: string, text: string, detail?: string): Reply =>
  reply(code, enhancedStatus, detail === undefined ? text : cleanText(`${text}: ${detail}`));
