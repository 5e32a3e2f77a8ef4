import type { Queryable } from "../db/client.ts";

/**
 * The brake on guessing, for one login from one source, over all connections, workers and nodes of a database. A try is booked before the
 * password is checked, so that sixteen connections at once guess no more often than one: each gets the moment it may be checked at. An
 * outsider slows down nobody but those who share their address and try the same login.
 */
export type Booked = {
  /** Seconds to wait before the check. */
  readonly waitSeconds: number;
  /** Seconds from booking on before the answer to a wrong password. */
  readonly holdSeconds: number;
  /** The next free moment is too far off: nothing is checked and nothing was booked. */
  readonly refused: boolean;
};

/** What follows the n-th try in a row: 2, 4, 8, 15, 15 … s. */
const DELAY = (n: string): string => `least(15, power(2, least(10, ${n})))`;

/** Of the first failure, also where the source is known and nothing was booked. */
const FIRST_DELAY = 2;

/** Who waits longer for a check is told to come again. */
const LONGEST_WAIT = 15;

/** Failures and checks that never ended (a worker died) are forgotten after this long without a try. */
const FORGET = "interval '1 hour'";
const NEVER_ENDED = "interval '2 minutes'";

/**
 * A source from which the login succeeded before, and that has no failure now, may have this many checks at once: one program opening
 * several connections is not an attack. Measured with hydra behind such an address: 20 here let 12 guesses through at once.
 */
const KNOWN_AT_ONCE = 4;

/** Books a try. One statement, serialised by the row. */
export async function bookAttempt(db: Queryable, source: string, login: string): Promise<Booked> {
  const { rows } = await db.query<{ wait: number; hold: number }>({
    name: "book_sign_in",
    text: `
      insert into sign_in_attempts as s (source, login, failures, in_flight, free_at, tried_at)
      values ($1, $2, 0, 1, now() + make_interval(secs => ${DELAY("1")}), now())
      on conflict (source, login) do update set
        failures = case when s.tried_at < now() - ${FORGET} then 0 else s.failures end,
        in_flight = case when s.tried_at < now() - ${NEVER_ENDED} then 1 else s.in_flight + 1 end,
        free_at = case
          when s.tried_at < now() - ${FORGET} then now() + make_interval(secs => ${DELAY("1")})
          when s.succeeded_at is not null and s.failures = 0 and s.in_flight < ${KNOWN_AT_ONCE} then s.free_at
          else greatest(s.free_at, now()) + make_interval(secs => ${DELAY("s.failures + s.in_flight + 1")}) end,
        tried_at = now()
      where s.free_at <= now() + interval '${LONGEST_WAIT} seconds' or s.tried_at < now() - ${FORGET}
      returning extract(epoch from free_at - now())::double precision as hold,
                ${DELAY("failures + in_flight")}::double precision as wait`,
    values: [source, login],
  });
  const [row] = rows;
  if (row === undefined) return { waitSeconds: 0, holdSeconds: 0, refused: true };
  // What was free before us is what is free now less our own delay; a known source's free_at lies in the past and stays there.
  return { waitSeconds: Math.max(0, row.hold - row.wait), holdSeconds: Math.max(FIRST_DELAY, row.hold), refused: false };
}

/** The check ended. Right: all is forgotten but that it succeeded. Wrong: the next one waits longer. Null: it could not be checked. */
export const endAttempt = (db: Queryable, source: string, login: string, right: boolean | null): Promise<unknown> =>
  db.query({
    name: "end_sign_in",
    text: `
      update sign_in_attempts set in_flight = greatest(0, in_flight - 1),
             failures = case when $3::boolean then 0 when not $3 then failures + 1 else failures end,
             succeeded_at = case when $3 then now() else succeeded_at end,
             free_at = case when not $3 then greatest(free_at, now() + interval '${FIRST_DELAY} seconds') else now() end
       where source = $1 and login = $2`,
    values: [source, login, right],
  });

/** Removes rows that say nothing any more. */
export const forgetAttempts = (db: Queryable): Promise<unknown> =>
  db.query({
    text: `delete from sign_in_attempts
            where tried_at < now() - interval '30 days' or (succeeded_at is null and tried_at < now() - ${FORGET})`,
  });
