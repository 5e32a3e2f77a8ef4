/** ETag and If-Match (RFC 9110 §8.8.3, §13.1.1): the version of a row, so that nobody overwrites what they have not seen. */
import type { Context } from "hono";
import { Problem } from "./problem.ts";

export const etagOf = (version: number): string => `"${version}"`;

/** The version the client has seen. Rejects with 428 when it does not say, and 400 when what it says is no ETag of ours. */
export function expectedVersion(c: Context): number {
  const header = c.req.header("if-match");
  if (header === undefined)
    throw new Problem("if-match-missing", "A change must name the version it is made to.", {
      hint: "Send If-Match with the ETag you have read.",
    });
  const version = /^"(\d{1,9})"$/.exec(header.trim())?.[1];
  if (version === undefined) throw new Problem("validation", "If-Match is no ETag of ours.");
  return Number(version);
}
