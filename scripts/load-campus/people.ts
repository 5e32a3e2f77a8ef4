/** What a pretended LDAP source knows: the last good answers for its people and groups, as a comparison would have left them. */
import type { Db } from "../../src/db/client.ts";
import { arrayLiteral } from "../../src/queue/array-literal.ts";
import { Addresses, fullForms, someName } from "./names.ts";
import { Random } from "./random.ts";
import { DEPARTMENTS, LDAP_DOMAIN, LDAP_SOURCE, MAILBOXES } from "./words.ts";
import { type Column, inBatches, insertRows } from "./write.ts";

type Answer = {
  readonly address: string;
  readonly kind: "person" | "group";
  readonly dn: string;
  readonly affiliation: string | null;
  readonly targets: readonly string[];
  readonly badTargets: readonly string[];
};

const SUFFIX = "dc=campus,dc=example";
const AFFILIATIONS = ["student", "student", "student", "staff", "faculty", "alumni"] as const;

/** One address of each kind. */
export type LdapLoaded = { readonly person: string; readonly group: string; readonly groups: number };

/** So many people, and a group for every 150 of them. Writes `ldap_answers` and the comparison that would have found them. */
export async function loadPeople(db: Db, count: number, seed: string, now: Date): Promise<LdapLoaded> {
  const random = new Random(`${seed}/people`);
  const people = [...somePeople(random, count)];
  const groups = [...someGroups(random, people, Math.max(1, Math.round(count / 150)))];
  for (const batch of inBatches([...people, ...groups], 10_000))
    await insertRows(db, "ldap_answers", columns(now), batch, "on conflict do nothing");
  await db.query({
    text: `insert into ldap_syncs (source, started_at, ended_at, entries) values ($1, $2, $3, $4)
           on conflict (source) do update set started_at = excluded.started_at, ended_at = excluded.ended_at, entries = excluded.entries, fault = null`,
    values: [LDAP_SOURCE, new Date(now.getTime() - 40_000), now, people.length + groups.length],
  });
  return { person: people[0]?.address ?? "", group: groups[0]?.address ?? "", groups: groups.length };
}

function* somePeople(random: Random, count: number): Generator<Answer> {
  const addresses = new Addresses();
  for (let n = 0; n < count; n++) {
    const name = someName(random);
    const address = addresses.take(LDAP_DOMAIN, ...fullForms(random, name));
    const uid = `${name.first.charAt(0)}${name.last}${n}`;
    const dn = `uid=${uid},ou=people,${SUFFIX}`;
    const badTargets = random.chance(0.001) ? [`${uid} at home`] : [];
    yield { address, kind: "person", dn, affiliation: random.pick(AFFILIATIONS), targets: [`${uid}@${MAILBOXES}`], badTargets };
  }
}

function* someGroups(random: Random, people: readonly Answer[], count: number): Generator<Answer> {
  const addresses = new Addresses();
  for (let n = 0; n < count; n++) {
    const address = addresses.take(LDAP_DOMAIN, `${random.pick(DEPARTMENTS)}-${random.pick(["group", "lab", "members", "project"])}`);
    const name = address.slice(0, address.indexOf("@"));
    const size = Math.min(people.length, 5 + Math.floor(random.next() ** 3 * 500));
    const targets = [...new Set(Array.from({ length: size }, () => random.pick(people).address))];
    yield { address, kind: "group", dn: `cn=${name},ou=groups,${SUFFIX}`, affiliation: null, targets, badTargets: [] };
  }
}

const columns = (now: Date): readonly Column<Answer>[] => [
  ["source", "text", () => LDAP_SOURCE],
  ["address", "text", (a) => a.address],
  ["kind", "text", (a) => a.kind],
  ["dn", "text", (a) => a.dn],
  ["affiliation", "text", (a) => a.affiliation],
  ["targets", "text[]", (a) => arrayLiteral(a.targets)],
  ["bad_targets", "text[]", (a) => arrayLiteral(a.badTargets)],
  ["oversized", "boolean", () => false],
  ["answered_at", "timestamptz", () => now.toISOString()],
];
