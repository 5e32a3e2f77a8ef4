/** Every address there is, whatever kind: searched, sorted, paged; and one of them. */
import { z } from "zod";
import { readEntryBrief } from "../../actions/entries.ts";
import { entryHistory } from "../../actions/history.ts";
import { entryInScope, notThere, type Scope, scopeValues } from "../../actions/scope.ts";
import { findAddresses, type Place, SORTS } from "../../actions/search/find.ts";
import { type AddressQuery, KINDS, parseAddressQuery, STATES } from "../../actions/search/query.ts";
import type { Db } from "../../db/client.ts";
import { type AdminDeps, mayTo, panel } from "../context.ts";
import { may } from "../guard.ts";
import { addressParam, addressText, cursorOf, input, line, PAGE, placeOf } from "../input.ts";
import { Problem } from "../problem.ts";
import { etagOf } from "../versions.ts";

/** What addresses are searched by. */
export const SEARCH = {
  q: line.default(""),
  kind: z.enum(KINDS).optional(),
  state: z.enum(STATES).optional(),
  domain: z.string().max(255).optional(),
  owner: addressText.optional(),
};
const listing = z.strictObject({
  ...SEARCH,
  sort: z.enum(SORTS).default("address"),
  ...PAGE,
});
const place: z.ZodType<Place> = z.strictObject({ address: z.string().max(400), changed: z.iso.datetime({ precision: 6, offset: true }) });

export function addressRoutes({ db }: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("addresses.see"), input("query", listing), async (c) => {
      const { sort, limit, cursor, ...search } = c.req.valid("query");
      const asked = askedFor(search);
      const { rows, total } = await findAddresses(db, c.get("scope"), asked, { sort, after: placeOf(cursor, place), limit });
      const last = rows.length === limit ? rows.at(-1) : undefined;
      const next_cursor = last === undefined ? null : cursorOf({ address: last.address, changed: last.changed_key });
      return c.json({ items: rows, next_cursor, total }, 200);
    })
    .get("/:address", may("addresses.see"), input("param", addressParam), async (c) => {
      const entry = await entryInSight(db, c.get("scope"), c.req.valid("param").address);
      const may_edit = mayTo(c, entry.kind === "list" ? "lists.edit" : "aliases.edit", entry);
      return c.json({ ...entry, may_edit }, 200, { etag: etagOf(entry.version) });
    })
    .get("/:address/history", may("addresses.see"), input("param", addressParam), async (c) => {
      const { address } = await entryInSight(db, c.get("scope"), c.req.valid("param").address);
      const events = await entryHistory(db, address);
      return c.json({ items: events.slice(-200).toReversed(), total: events.length }, 200);
    });
}

type Search = z.output<z.ZodObject<typeof SEARCH>>;

/** The query that a text and the filters beside it make. */
export function askedFor({ q, kind, state, domain, owner }: Search): AddressQuery {
  const query = queryOf(q);
  return {
    ...query,
    kind: kind ?? query.kind,
    state: state ?? query.state,
    domain: domain ?? query.domain,
    owner: owner ?? query.owner,
  };
}

function queryOf(text: string): AddressQuery {
  const query = parseAddressQuery(text);
  if (!("problem" in query)) return query;
  throw new Problem("validation", `/q: ${query.problem}`, {
    errors: [{ pointer: "/q", code: "unknown-filter", detail: query.problem }],
    members: { at: query.at, text: query.text, instead: query.instead },
    ...(query.instead !== null && { hint: `Did you mean ${query.instead}?` }),
  });
}

/** What an alias may have, as the API takes it; of a list's members these are enough to look at. */
const SHOWN_TARGETS = 1000;

/** An alias or list in scope, with its first targets. */
export async function entryInSight(db: Db, scope: Scope, address: string) {
  const key = address.toLowerCase();
  const { rows } = await db.query({
    text: `select from entries e where address = $1 and ${entryInScope("e", 2)}`,
    values: [key, ...scopeValues(scope)],
  });
  const entry = rows.length === 0 ? null : await readEntryBrief(db, key, SHOWN_TARGETS);
  if (entry === null) throw notThere(address);
  return entry;
}
