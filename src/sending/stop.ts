import type { Db, Queryable } from "../db/client.ts";
import { holdSentBy } from "../queue/steer.ts";

/** Why a stopped person's mail is held: what `mailroom queue release --reason` finds it by. */
export const stopReason = (login: string): string => `sending stopped: ${login}`;

/** Stops a person: the mark and the holding of what waits are one transaction. Returns how many recipients are held; null: was stopped before. */
export const stopSender = (db: Db, login: string): Promise<number | null> =>
  db.transaction(async (tx) => {
    const { rows } = await tx.query<{ login: string }>({
      text: "insert into sending_stops (login, reason) values ($1, $2) on conflict do nothing returning login",
      values: [login, "more recipients in ten minutes than sending.hard_stop"],
    });
    return rows.length === 0 ? null : holdSentBy(tx, login, stopReason(login));
  });

/** True: an admin has to look first. */
export async function isStopped(db: Queryable, login: string): Promise<boolean> {
  const { rows } = await db.query({ name: "is_stopped", text: "select 1 from sending_stops where login = $1", values: [login] });
  return rows.length > 0;
}

/** Holds what of stopped people was being tried when they were stopped, and waits again now. Returns how many recipients. */
export async function holdStopped(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ login: string }>({ text: "select login from sending_stops" });
  let held = 0;
  for (const { login } of rows) held += await holdSentBy(db, login, stopReason(login));
  return held;
}
