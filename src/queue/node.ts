import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import type { Db, Queryable } from "../db/client.ts";

/** This process among all that share the database. */
export type Node = { readonly nodeNo: number };

/** Enters the process in `nodes` under a new number. */
export async function registerNode(db: Queryable): Promise<Node> {
  const { rows } = await db.query<{ node_no: number }>({
    text: `insert into nodes (node_no, hostname, host_identity, pid, pid_started_at)
           values (nextval('node_numbers'), $1, $2, $3, $4) returning node_no`,
    values: [hostname(), hostIdentity(), process.pid, pidStartedAt(process.pid) ?? ""],
  });
  const nodeNo = rows[0]?.node_no;
  if (nodeNo === undefined) throw new Error("no node number was given");
  return { nodeNo };
}

/** Takes the process out again; what it still holds (nothing, after a drain) falls due at once. */
export async function unregisterNode(db: Db, node: Node): Promise<void> {
  await db.transaction(async (tx) => {
    await releaseClaimsOf(tx, [node.nodeNo]);
    await tx.query({ text: "delete from nodes where node_no = $1", values: [node.nodeNo] });
  });
}

/**
 * Frees the recipients of processes of this machine that are certainly dead (killed, crashed), so that their mail need not wait
 * for the lease. What another machine's node holds is left to the lease: from here nobody can tell dead from unreachable.
 * Returns how many recipients fell due.
 */
export async function releaseDeadNodes(db: Db): Promise<number> {
  const { rows } = await db.query<{ node_no: number; pid: number; pid_started_at: string }>({
    text: "select node_no, pid, pid_started_at from nodes where host_identity = $1",
    values: [hostIdentity()],
  });
  const dead = rows.filter((row) => pidStartedAt(row.pid) !== row.pid_started_at).map((row) => row.node_no);
  if (dead.length === 0) return 0;
  return db.transaction(async (tx) => {
    const released = await releaseClaimsOf(tx, dead);
    await tx.query({ text: "delete from nodes where node_no = any($1::integer[])", values: [dead] });
    return released;
  });
}

/** The attempt stays booked and unrecorded: if the recipient killed its node, the next claims count on. */
async function releaseClaimsOf(tx: Queryable, nodeNos: readonly number[]): Promise<number> {
  const { rowCount } = await tx.query({
    text: `update queued_recipients set claimed_by = null, fence = fence + 1, next_attempt_at = now()
            where claimed_by = any($1::integer[])`,
    values: [nodeNos],
  });
  return rowCount;
}

/** A pid means something only within one boot and one pid namespace. */
function hostIdentity(): string {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return `${hostname()} ${process.pid}`; // no /proc: nobody else can be judged from here, so only the lease frees claims
  }
}

/** When the process started, in the kernel's ticks since boot; null when there is no such process. */
function pidStartedAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : (fields[19] ?? null);
  } catch {
    return null;
  }
}
