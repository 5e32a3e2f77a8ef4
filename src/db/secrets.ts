import { randomBytes } from "node:crypto";
import type { Queryable } from "./client.ts";

const OCTETS = 32;

/** The octets that all nodes know by this name: the first that asks makes them. They stand in backups of the database. */
export async function sharedSecret(db: Queryable, name: string): Promise<Buffer> {
  await db.query({
    text: "insert into secrets (name, octets) values ($1, $2) on conflict do nothing",
    values: [name, randomBytes(OCTETS)],
  });
  const { rows } = await db.query<{ octets: Buffer }>({ text: "select octets from secrets where name = $1", values: [name] });
  const [row] = rows;
  if (row === undefined || row.octets.length < OCTETS) throw new Error(`the secret ${name} in the database cannot be used`);
  return row.octets;
}
