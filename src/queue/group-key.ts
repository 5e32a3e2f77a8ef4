/** Waiting recipients that wait for the same thing: the same party says the same with other numbers, ids and hosts. */
import { partySql } from "./providers.ts";

/**
 * `quarantined`: it killed its worker three times; `held`: by a person or a list; `own`: our database, directory or DNS, which does not count
 * towards expiry; `deferred`: the other side wants us to come again; `untried`: it was not its turn yet.
 */
export const GROUP_STATES = ["quarantined", "held", "own", "deferred", "untried"] as const;
export type GroupState = (typeof GROUP_STATES)[number];

/** `party`: a provider or a domain, empty where the reason is ours. `shape`: what was said, without what differs from one to the next. */
export type GroupKey = { readonly state: GroupState; readonly party: string; readonly status: string; readonly shape: string };

const STATE = `case when q.quarantined_at is not null then 'quarantined' when q.held_at is not null then 'held'
                    when q.last_scope = 'local' then 'own' when q.last_reply is not null then 'deferred' else 'untried' end`;

/** Words with a digit, an @, a slash or a dot inside: codes, addresses, hosts, ids. Only the first 300 characters are looked at. */
const SHAPE = `left(regexp_replace(lower(left(coalesce(q.held_reason, q.last_reply, ''), 300)), '\\S*([0-9@/]|[[:alnum:]][.][[:alnum:]])\\S*', '#', 'g'), 160)`;

/** The key as expressions on queued_recipients `q`: the one place for grouping and for choosing a group. */
export const GROUP_COLUMNS = {
  state: `(${STATE})`,
  party: `(case when (${STATE}) = 'deferred' then ${partySql("q.destination", "q.last_relay")} else '' end)`,
  status: "(case when q.held_at is null then coalesce(q.last_status, '') else '' end)", // what it was told before does not matter to who holds it
  shape: SHAPE,
} as const;
