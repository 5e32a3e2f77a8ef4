/**
 * Message ids and their printed form, the queue id. An id is a positive 63-bit number: 41 bits of milliseconds since
 * 2024-01-01, 10 bits of the node's number, 12 bits of a counter. So ids grow with time, a range of ids is a span of
 * days (the partitions), and no node has to ask another for one.
 */
const EPOCH = Date.UTC(2024, 0, 1);
const ALPHABET = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"; // Postfix's 52: no vowels, so no words
const QUEUE_ID = /^[1-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z][0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-z]{0,11}$/; // no leading zero: one id, one text

export type MessageId = bigint;

/** The first id of the millisecond `time` (ms since 1970); before 2024 it is 0. */
export const firstIdAt = (time: number): MessageId => BigInt(Math.max(0, Math.trunc(time) - EPOCH)) << 22n;

/** When an id was made, ms since 1970. */
export const timeOfId = (id: MessageId): number => Number(id >> 22n) + EPOCH;

/**
 * Makes ids for one node: they always grow, even when the clock is set back, stands before 2024 or gives fractions. More than
 * 4,096 in one millisecond run ahead of the clock. `now` in ms since 1970; `nodeNo` from 0 to 1023.
 */
export function idMaker(nodeNo: number, now: () => number): () => MessageId {
  const node = BigInt(nodeNo % 1024) << 12n;
  let lastMs = EPOCH; // so the first id is never 0
  let counter = 0;
  return () => {
    const ms = Math.trunc(now());
    counter = ms > lastMs ? 0 : counter + 1;
    lastMs = Math.max(ms, lastMs);
    if (counter > 4095) {
      counter = 0;
      lastMs++;
    }
    return firstIdAt(lastMs) | node | BigInt(counter);
  };
}

/** The printed form: base 52, at most 12 characters. */
export function queueIdOf(id: MessageId): string {
  let text = "";
  for (let rest = id; rest > 0n || text === ""; rest /= 52n) text = ALPHABET.charAt(Number(rest % 52n)) + text;
  return text;
}

/** Reads a printed queue id; null when it is none. */
export function parseQueueId(text: string): MessageId | null {
  if (!QUEUE_ID.test(text)) return null;
  let id = 0n;
  for (const letter of text) id = id * 52n + BigInt(ALPHABET.indexOf(letter));
  return id < 1n << 63n ? id : null;
}
