import { readFileSync } from "node:fs";
import { getTableConfig, PgTable } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import * as access from "../../src/db/schema/access.ts";
import * as changeSets from "../../src/db/schema/change-sets.ts";
import * as deadEnds from "../../src/db/schema/dead-ends.ts";
import * as directory from "../../src/db/schema/directory.ts";
import * as flow from "../../src/db/schema/flow.ts";
import * as forwarding from "../../src/db/schema/forwarding.ts";
import * as imports from "../../src/db/schema/imports.ts";
import * as ldap from "../../src/db/schema/ldap.ts";
import * as listFilters from "../../src/db/schema/list-filters.ts";
import * as queue from "../../src/db/schema/queue.ts";
import * as secrets from "../../src/db/schema/secrets.ts";
import * as sending from "../../src/db/schema/sending.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { dumpSchema } from "../support/schema-dump.ts";
import { runSql } from "../support/sql.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

test("the migrations make test/schema.sql (npm run generate writes it anew)", async () => {
  expect(await dumpSchema(database.connection)).toBe(readFileSync("test/schema.sql", "utf8"));
});

test("the dump sees every kind of change", async () => {
  const before = await dumpSchema(database.connection);
  const changes = [
    "alter table routes add column extra int",
    "alter table routes alter column extra set default 1",
    "alter table routes alter column extra set not null",
    "alter table routes add constraint positive check (extra > 0)",
    "create index routes_by_extra on routes (extra)",
    "alter table routes set (fillfactor = 50)",
    "alter table content_chunks alter column octets set storage extended",
    "create function noop() returns trigger language plpgsql as 'begin return null; end'",
    "create trigger noop after insert on routes for each row execute function noop()",
    "create sequence extra",
    "create view seen as select 1 as n",
    "create type mood as enum ('fine')",
    "create table messages_early partition of messages for values from (0) to (1)",
  ];
  const seen = new Set([before]);
  for (const change of changes) {
    await runSql(database.connection, change);
    const dump = await dumpSchema(database.connection);
    expect(seen, change).not.toContain(dump);
    seen.add(dump);
  }
});

test("src/db/schema names each table and column that the migrations make, and no other", async () => {
  const fresh = await createDatabase();
  const rows = await runSql<{ table: string; columns: string[] }>(
    fresh.connection,
    `select c.relname::text as table, array_agg(a.attname::text order by a.attname) as columns
      from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not c.relispartition and c.relname <> 'applied_migrations'
      group by 1 order by 1`,
  );
  await fresh.drop();
  const declared = Object.values({
    ...access,
    ...deadEnds,
    ...directory,
    ...flow,
    ...forwarding,
    ...changeSets,
    ...imports,
    ...ldap,
    ...listFilters,
    ...queue,
    ...secrets,
    ...sending,
  }).flatMap((table) => {
    if (!(table instanceof PgTable)) return [];
    const { name, columns } = getTableConfig(table);
    return [{ table: name, columns: columns.map((column) => column.name).toSorted() }];
  });
  expect(rows).toEqual(declared.toSorted((a, b) => (a.table < b.table ? -1 : 1)));
});
