import { serverErrorOf } from "../db/faults.ts";

/** The volume of the database is full (SQLSTATE 53100): nothing more is stored until somebody makes room. */
export function isOutOfSpace(error: unknown): boolean {
  return serverErrorOf(error)?.code === "53100";
}
