/** The schema of a database as text, from the catalog: the same on every version of Postgres and after every order of migrations. */
import type pg from "pg";
import type { Connection } from "../../src/db/connection.ts";
import { bareClient } from "./sql.ts";

/** Everything in schema public but the migrator's own table. */
export async function dumpSchema(connection: Connection): Promise<string> {
  const client = await bareClient(connection);
  try {
    await client.query("set search_path = ''"); // so that every name is written with its schema
    const parts = [
      await sequences(client),
      await tables(client),
      await indexes(client),
      await functions(client),
      await triggers(client),
      await others(client),
    ];
    return `-- The schema after all migrations. Written by scripts/generate-schema.ts.\n\n${parts.flat().join("\n\n")}\n`;
  } finally {
    await client.end();
  }
}

const OURS = "n.nspname = 'public' and c.relname !~ '^applied_migrations'";

async function sequences(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<Record<string, string>>(`
    select c.oid::regclass::text as name, format_type(s.seqtypid, null) as type, s.seqstart as start, s.seqincrement as step, s.seqmin as min, s.seqmax as max,
      s.seqcycle as cycle, d.refobjid::regclass::text || '.' || a.attname as owner
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
      left join pg_depend d on d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype = 'a'
      left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where ${OURS} order by c.relname collate "C"`);
  return rows.map(
    ({ name, type, start, step, min, max, cycle, owner }) =>
      `create sequence ${name} as ${type} start ${start} increment ${step} minvalue ${min} maxvalue ${max}${cycle ? " cycle" : ""}${owner ? ` owned by ${owner}` : ""};`,
  );
}

type TableRow = {
  oid: number;
  name: string;
  parent: string | null;
  bound: string | null;
  key: string | null;
  options: string[] | null;
  toast: string[] | null;
};

async function tables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<TableRow>(`
    select c.oid, c.oid::regclass::text as name, i.inhparent::regclass::text as parent, pg_get_expr(c.relpartbound, c.oid) as bound,
      pg_get_partkeydef(c.oid) as key, c.reloptions as options, t.reloptions as toast
    from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_inherits i on i.inhrelid = c.oid left join pg_class t on t.oid = c.reltoastrelid
    where ${OURS} and c.relkind in ('r', 'p') order by c.relname collate "C"`);
  const texts: string[] = [];
  for (const table of rows) texts.push(table.parent ? partition(table) : await wholeTable(client, table));
  return texts;
}

/** Columns and constraints are the parent's. */
const partition = ({ name, parent, bound, options, toast }: TableRow) =>
  `create table ${name} partition of ${parent} ${bound}${withOptions(options, toast)};`;

async function wholeTable(client: pg.Client, { oid, name, key, options, toast }: TableRow): Promise<string> {
  const columns = await client.query<{ line: string; storage: string | null; column: string }>(
    `select quote_ident(a.attname) as column, case when a.attstorage <> t.typstorage then a.attstorage::text end as storage,
      concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
        case when a.attcollation not in (0, t.typcollation) then 'collate ' || a.attcollation::regcollation end,
        case when a.attnotnull then 'not null' end, 'default ' || pg_get_expr(d.adbin, d.adrelid)) as line
    from pg_attribute a join pg_type t on t.oid = a.atttypid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = $1 and a.attnum > 0 and not a.attisdropped order by a.attnum`,
    [oid],
  );
  // Not-null constraints became rows of the catalog with version 18; they stand with their columns.
  const constraints = await client.query<{ line: string }>(
    `select 'constraint ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid) as line from pg_constraint
    where conrelid = $1 and contype <> 'n' and contype <> 't' order by contype, conname collate "C"`,
    [oid],
  );
  const lines = [...columns.rows, ...constraints.rows].map(({ line }) => `  ${line}`).join(",\n");
  const stored = columns.rows.filter(({ storage }) => storage !== null);
  const storage = stored
    .map((row) => `\nalter table ${name} alter column ${row.column} set storage ${STORAGE[row.storage ?? ""] ?? row.storage};`)
    .join("");
  return `create table ${name} (\n${lines}\n)${key ? ` partition by ${key}` : ""}${withOptions(options, toast)};${storage}`;
}

const STORAGE: Record<string, string> = { p: "plain", e: "external", m: "main", x: "extended" };

function withOptions(options: string[] | null, toast: string[] | null): string {
  const all = [...(options ?? []), ...(toast ?? []).map((option) => `toast.${option}`)].toSorted((a, b) => (a < b ? -1 : 1));
  return all.length > 0 ? ` with (${all.join(", ")})` : "";
}

/** Those of partitions and of constraints follow from what is above. */
async function indexes(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(`
    select pg_get_indexdef(c.oid) || coalesce(' with ' || c.reloptions::text, '') || ';' as text
    from pg_index x join pg_class c on c.oid = x.indexrelid join pg_namespace n on n.oid = c.relnamespace
    where ${OURS} and not c.relispartition and not exists (select from pg_constraint where conindid = c.oid and contype in ('p', 'u', 'x'))
    order by c.relname collate "C"`);
  return rows.map(({ text }) => text);
}

async function functions(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(`
    select btrim(pg_get_functiondef(p.oid), E' \\n') || ';' as text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname = 'public' order by p.oid::regprocedure::text collate "C"`);
  return rows.map(({ text }) => text);
}

async function triggers(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(`
    select pg_get_triggerdef(g.oid) || ';' as text from pg_trigger g join pg_class c on c.oid = g.tgrelid join pg_namespace n on n.oid = c.relnamespace
    where ${OURS} and not g.tgisinternal order by c.relname collate "C", g.tgname collate "C"`);
  return rows.map(({ text }) => text);
}

/** What this dump does not know how to write (a view, a type) is at least named, so that it is not overlooked. */
async function others(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ text: string }>(`
    select '-- not written here: ' || c.relname || ' (' || c.relkind::text || ')' as text from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where ${OURS} and c.relkind not in ('r', 'p', 'S', 'i', 'I', 't')
    union all select '-- not written here: type ' || t.typname from pg_type t join pg_namespace n on n.oid = t.typnamespace
      where n.nspname = 'public' and t.typtype in ('d', 'e', 'r') order by 1`);
  return rows.map(({ text }) => text);
}
