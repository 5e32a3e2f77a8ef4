/** Who a login is, and whether a password is theirs: RFC 4513 §5.1. */
import { EqualityFilter, InvalidCredentialsError, OrFilter, UnwillingToPerformError } from "ldapts";
import { absent, found, type Lookup } from "../../mail/lookup.ts";
import { atOurs, parseMailbox } from "../../mail/mailbox.ts";
import type { Person } from "../../mail/person.ts";
import { Connection } from "./connection.ts";
import type { Pool } from "./pool.ts";
import { type LdapRecord, valuesOf } from "./record.ts";
import { searchAll, within } from "./search.ts";
import type { LdapSourceSettings } from "./settings.ts";
import { personOf, type Shape } from "./shape.ts";
import { filterFor } from "./templates.ts";

type People = NonNullable<Shape["people"]>;

/** The person of a login, or of one of their addresses. Throws when the source does not answer, or two people have it. */
export async function personOfLogin(pool: Pool, { people }: Shape, domains: readonly string[], login: string): Promise<Lookup<Person>> {
  const record = people === null || login === "" ? null : await recordOf(pool, people, domains, login);
  return people === null || record === null ? absent : found(read(people, domains, record, login));
}

/**
 * Absent: no such login, or not its password. An unknown login costs a bind as well, so that time does not tell who exists. Throws as
 * personOfLogin does.
 */
export async function signIn(
  settings: LdapSourceSettings,
  pool: Pool,
  { people }: Shape,
  domains: readonly string[],
  login: string,
  password: string,
): Promise<Lookup<Person>> {
  if (people === null || login === "" || password === "") return absent; // RFC 4513 §5.1.2: without a password the bind succeeds
  const record = await recordOf(pool, people, domains, login);
  const isRight = await canBind(settings, record?.dn ?? `${people.settings.login}=nobody,${people.base}`, password);
  return record === null || !isRight ? absent : found(read(people, domains, record, login));
}

/** Mail programs are set up with an address as the login, so that is one too. */
async function recordOf(pool: Pool, people: People, domains: readonly string[], login: string): Promise<LdapRecord | null> {
  const filters = [new EqualityFilter({ attribute: people.settings.login, value: login })];
  const parsed = parseMailbox(login, { smtputf8: true });
  if (parsed.ok && domains.includes(parsed.mailbox.domain))
    filters.push(...people.templates.map((template) => filterFor(template, atOurs(parsed.mailbox))));
  const filter = within(people.filter, new OrFilter({ filters }));
  const records = await searchAll(pool, { base: people.base, scope: "sub", filter, attributes: people.attributes });
  if (records.length > 1) throw new Error(`${records.length} entries have this login`);
  return records[0] ?? null;
}

function read(people: People, domains: readonly string[], record: LdapRecord, typed: string): Person {
  const { addresses, entry } = personOf(record, people, domains);
  return { login: (valuesOf(record, people.settings.login)[0] ?? typed).toLowerCase(), addresses, affiliation: entry.affiliation };
}

async function canBind(settings: LdapSourceSettings, dn: string, password: string): Promise<boolean> {
  let fault: unknown = new Error("no server is named");
  for (const url of settings.urls) {
    try {
      (await Connection.open(url, settings, { dn, password })).close();
      return true;
    } catch (error) {
      if (error instanceof InvalidCredentialsError || error instanceof UnwillingToPerformError) return false;
      fault = error;
    }
  }
  throw fault;
}
