/** Carries out what undo_plan says, a handful of statements however many rows there are. */
import type { Queryable } from "../../db/client.ts";
import { CHILDREN, type Columns, columnsOf, type Relation, TABLES } from "./tables.ts";

/** To be called when the author is named and no conflict is left. Domains come before their entries, and go after them. */
export async function applyPlan(tx: Queryable): Promise<void> {
  const doAll = async (relations: readonly Relation[], ...steps: readonly Step[]): Promise<void> => {
    for (const relation of relations) for (const step of steps) await tx.query({ text: step(relation, await columnsOf(tx, relation)) });
  };
  await doAll(["domains"], insert, update);
  await doAll(["routes", "forwarding_policies"], remove, insert, update);
  await doAll([...CHILDREN, "entries"], remove);
  await doAll(["entries"], insert, update);
  await doAll(CHILDREN, insert, update);
  await tx.query({ text: TOLD });
  await tx.query({ text: FORGOTTEN });
  await doAll(["domains"], remove);
}

type Step = (relation: Relation, columns: Columns) => string;

const same = (relation: Relation, a: string, b: string): string =>
  TABLES[relation].map((column) => `${a}.${column} = ${b}.${column}`).join(" and ");

const rows = (relation: Relation, op: string, version: "pre" | "cur"): string =>
  `(select r.* from undo_plan p, jsonb_populate_record(null::${relation}, p.${version}) r where p.relation = '${relation}' and p.op = '${op}')`;

const insert: Step = (relation, columns) =>
  `insert into ${relation} (${[...columns.keys()].join(", ")}) select ${[...columns.values()].join(", ")} from ${rows(relation, "insert", "pre")} r`;

const update: Step = (relation, columns) =>
  `update ${relation} t set ${[...columns].map(([name, value]) => `${name} = ${value}`).join(", ")}
     from ${rows(relation, "update", "pre")} r where ${same(relation, "t", "r")}`;

const remove: Step = (relation) => `delete from ${relation} t using ${rows(relation, "delete", "cur")} r where ${same(relation, "t", "r")}`;

/** An entry of which only members changed has changed too. */
const TOLD = `
  update entries e set changed_at = now(), version = e.version + 1
    from (select distinct key from undo_plan where grp = 'entries' except select key from undo_plan where relation = 'entries') p
   where e.address = p.key`;

/**
 * An address that was made by mistake and lived for less than a day has no former holder whose mail could go astray: its name is free again,
 * or a wrong import could never be undone, mended and repeated. What lived longer keeps its tombstone. The tombstone of a deletion that is
 * undone stays as well: the address was dead in between. It bars nobody, since the undo asks for no free name and the address exists again.
 */
const FORGOTTEN = `
  delete from tombstones t using undo_plan p
   where p.relation = 'entries' and p.op = 'delete' and t.address = p.key and t.buried_at = directory_moment()
     and t.held_from > now() - interval '1 day'`;
