import type { RemoteReply } from "./verdict.ts";

/** Characters of a remote's words that are kept, and of what it sent that are looked at. */
const TEXT_LIMIT = 512;
const INPUT_LIMIT = 16 * 1024;

/**
 * A remote server's reply, all its lines, as one line that can stand in a log, a verdict and a DSN: printable ASCII, capped. The
 * enhanced status is the first one that stands in it; its class always follows the code (RFC 2034 §4), and without one it is
 * X.0.0 (RFC 3463 §3.1). Null: it does not begin with a reply code, so nothing can be read from it.
 */
export function readRemoteReply(response: string): RemoteReply | null {
  const lines = response.slice(0, INPUT_LIMIT).split(/\r?\n|\r/);
  const code = Number(/^([2-5][0-9][0-9])(?![0-9])/.exec(lines[0] ?? "")?.[1]);
  if (Number.isNaN(code)) return null;
  const firstDigit = Math.trunc(code / 100);
  let status: string | null = null;
  const texts = lines.map((line) => {
    const [, found, text] = /^(?:[2-5][0-9][0-9](?:[ -]|$))?(?:[245](\.[0-9]{1,3}\.[0-9]{1,3})(?: |$))?(.*)$/s.exec(line) ?? [];
    status ??= found ?? null;
    return text ?? "";
  });
  return { code, enhancedStatus: firstDigit === 3 ? "" : `${firstDigit}${status ?? ".0.0"}`, text: oneLine(texts.join(" ")) };
}

/** Any text from outside as at most 512 printable ASCII characters on one line; other characters become `?`. */
export function oneLine(text: string): string {
  const clean = text
    .slice(0, INPUT_LIMIT)
    .replace(/(?:\s|[^ -~\u0080-\uffff])+/g, " ")
    .replace(/[^ -~]/gu, "?")
    .trim();
  return clean === "" ? "no text" : clean.slice(0, TEXT_LIMIT);
}
