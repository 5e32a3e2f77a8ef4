/** What a source is asked about one address, and the entries it gives: for a person who wonders what the settings make of them. */
import { OrFilter } from "ldapts";
import type { Mailbox } from "../../mail/mailbox.ts";
import type { Pool } from "./pool.ts";
import { searchAll, within } from "./search.ts";
import type { Kind, Shape } from "./shape.ts";
import { filterFor } from "./templates.ts";

/** Of an entry only the attributes that the settings name are asked for. Long lists of values are cut; `count`: how many there are. */
export type SeenEntry = {
  readonly dn: string;
  readonly attributes: readonly { readonly name: string; readonly values: readonly string[]; readonly count: number }[];
};

export type Look = {
  readonly kind: "people" | "groups";
  readonly base: string;
  readonly filter: string;
  readonly took_ms: number;
  readonly entries: readonly SeenEntry[];
};

const MOST_ENTRIES = 10;
const MOST_VALUES = 20;
const LONGEST_VALUE = 300;

/** One search for people and one for groups, as lookup() has them. Throws when the source does not answer. */
export async function lookAt(pool: Pool, { people, groups }: Shape, address: Mailbox): Promise<readonly Look[]> {
  const looks: Look[] = [];
  if (people !== null) looks.push(await search(pool, "people", people, address));
  if (groups !== null) looks.push(await search(pool, "groups", groups, address));
  return looks;
}

async function search(pool: Pool, kind: Look["kind"], { base, filter, templates, attributes }: Kind, address: Mailbox): Promise<Look> {
  const whole = within(filter, new OrFilter({ filters: templates.map((template) => filterFor(template, address)) }));
  const begun = performance.now();
  const records = await searchAll(pool, { base, scope: "sub", filter: whole, attributes });
  return {
    kind,
    base,
    filter: whole.toString(),
    took_ms: performance.now() - begun,
    entries: records.slice(0, MOST_ENTRIES).map(({ dn, values }) => ({
      dn,
      attributes: [...values].map(([name, all]) => ({
        name,
        values: all.slice(0, MOST_VALUES).map((value) => value.slice(0, LONGEST_VALUE)),
        count: all.length,
      })),
    })),
  };
}
