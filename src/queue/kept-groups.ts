/** The last look at the queue, for everybody who asks meanwhile: however many people watch, reading it costs the database one part in twenty. */
import { performance } from "node:perf_hooks";
import { LRUCache } from "lru-cache";
import type { Db } from "../db/client.ts";
import { type QueueGroups, readGroups } from "./groups.ts";
import type { MailScope } from "./mail-scope.ts";

export type KeptGroups = {
  /** Of this scope, at most a few seconds old. */
  groups(scope: MailScope): Promise<QueueGroups>;
  /** Somebody changed the queue: the next who asks gets it anew. */
  forget(): void;
};

const AT_LEAST_MS = 2000;
const TIMES_THE_COST = 20;
const SCOPES_AT_MOST = 100;

type Kept = { readonly answer: Promise<QueueGroups>; oldAt: number };

export function keepGroups(db: Db, now: () => number = () => performance.now()): KeptGroups {
  const kept = new LRUCache<string, Kept>({ max: SCOPES_AT_MOST });
  const ask = (key: string, scope: MailScope): Kept => {
    const begun = now();
    const entry: Kept = { answer: readGroups(db, scope), oldAt: Number.POSITIVE_INFINITY };
    entry.answer.then(
      () => {
        entry.oldAt = now() + Math.max(AT_LEAST_MS, TIMES_THE_COST * (now() - begun));
      },
      () => kept.delete(key),
    );
    kept.set(key, entry);
    return entry;
  };
  return {
    groups(scope) {
      const key = JSON.stringify([scope.everything, scope.domains, scope.owners]);
      const before = kept.get(key);
      return (before !== undefined && now() < before.oldAt ? before : ask(key, scope)).answer;
    },
    forget: () => kept.clear(),
  };
}
