/** What all open streams share: one look at the database for everybody, and how many streams there may be. */
import { setTimeout as later } from "node:timers/promises";
import { lastChange } from "../actions/news.ts";
import type { Db } from "../db/client.ts";
import type { Subscription } from "../db/listener.ts";
import type { MessageId } from "../mail/queue-id.ts";
import { newestMessage } from "../queue/new-messages.ts";

/** How far the database has come. */
export type Marks = { readonly change: number; readonly message: MessageId };

export type Watch = {
  /** A place for one more stream of this principal; null: they have enough, or the server has. */
  enter(principal: string): Promise<{ leave(): void } | null>;
  /** The marks of now, at most a moment old. */
  marks(): Promise<Marks>;
  /** Resolves after `ms`, or sooner when somebody changed the directory, or `signal` is aborted. */
  pause(ms: number, signal: AbortSignal): Promise<void>;
};

const OF_ONE = 8;
const OF_ALL = 200;
const MARKS_KEPT_MS = 1000;

export function openWatch(db: Db): Watch {
  const streams = new Map<string, number>();
  let count = 0;
  let wake = new AbortController();
  let listening: Promise<Subscription> | null = null;
  let known: { readonly marks: Promise<Marks>; readonly at: number } | null = null;

  const woken = (): void => {
    known = null;
    const before = wake;
    wake = new AbortController();
    before.abort();
  };
  const leave = (principal: string): void => {
    count--;
    const left = (streams.get(principal) ?? 1) - 1;
    if (left === 0) streams.delete(principal);
    else streams.set(principal, left);
    if (count > 0) return;
    const ended = listening;
    listening = null; // who comes meanwhile listens anew
    void ended?.then((subscription) => subscription.stop()).catch(() => undefined);
  };

  return {
    async enter(principal) {
      const now = streams.get(principal) ?? 0;
      if (now >= OF_ONE || count >= OF_ALL) return null;
      streams.set(principal, now + 1);
      count++;
      listening ??= db.listen("directory_changed", woken, woken);
      let entered = true;
      try {
        await listening;
      } catch {
        listening = null; // the clock wakes the streams all the same
      }
      return {
        leave() {
          if (entered) leave(principal);
          entered = false;
        },
      };
    },
    marks() {
      if (known === null || Date.now() - known.at > MARKS_KEPT_MS) {
        const marks = Promise.all([lastChange(db), newestMessage(db)]).then(([change, message]) => ({ change, message }));
        known = { marks, at: Date.now() };
      }
      return known.marks;
    },
    async pause(ms, signal) {
      await later(ms, undefined, { signal: AbortSignal.any([signal, wake.signal]), ref: false }).catch(() => undefined);
    },
  };
}
