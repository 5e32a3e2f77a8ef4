/** What a request brings, checked: unknown keys are refused, and each fault is named by its place. */
import { zValidator } from "@hono/zod-validator";
import type { ValidationTargets } from "hono";
import { z } from "zod";
import { Problem } from "./problem.ts";

/** On a validator: what it takes and from where. The OpenAPI description is made from it (openapi.ts). */
const INPUT = Symbol("input");
type Input = { readonly target: "json" | "query" | "param"; readonly schema: z.ZodObject };

/** What a handler takes, if it is a validator. */
export const inputOf = (handler: unknown): Input | undefined => (handler as { [INPUT]?: Input })[INPUT];

/** A validator of one part of the request. `schema` is made with z.strictObject. */
export function input<Target extends Input["target"] & keyof ValidationTargets, Schema extends z.ZodObject>(
  target: Target,
  schema: Schema,
) {
  const validator = zValidator(target, schema, (result) => {
    if (result.success) return;
    const errors = result.error.issues.slice(0, 20).map(({ path, code, message }) => ({
      pointer: `/${path.map((part) => String(part).replaceAll("~", "~0").replaceAll("/", "~1")).join("/")}`,
      code: String(code),
      detail: message,
    }));
    throw new Problem(
      "validation",
      errors
        .map(({ pointer, detail }) => `${pointer}: ${detail}`)
        .join("; ")
        .slice(0, 500),
      { errors },
    );
  });
  return Object.assign(validator, { [INPUT]: { target, schema } satisfies Input });
}

/** An address as text; the one address function reads it later. */
export const addressText = z.string().min(3).max(320);
/** A sentence of a person: one line. */
export const line = z.string().max(1000);
/** A date or a moment as people write it. */
export const momentText = z.string().min(4).max(40);
export const addressParam = z.strictObject({ address: addressText });

/** Every write can be rehearsed. */
export const DRY_RUN = { dry_run: z.enum(["true", "false"]).optional() };
export const dryRun = z.strictObject(DRY_RUN);

/** At most 200 rows of anything. */
export const PAGE = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(2000).optional(),
};

/** Cursors are for giving back, not for reading. */
export const cursorOf = (place: unknown): string => Buffer.from(JSON.stringify(place)).toString("base64url");

/** The place a cursor stands for. A made-up one is a fault of the request. */
export function placeOf<T>(cursor: string | undefined, schema: z.ZodType<T>): T | null {
  if (cursor === undefined) return null;
  try {
    return schema.parse(JSON.parse(Buffer.from(cursor, "base64url").toString("utf8")));
  } catch {
    throw new Problem("validation", "/cursor: this is no cursor of ours", {
      errors: [{ pointer: "/cursor", code: "invalid", detail: "Use the next_cursor of the page before." }],
    });
  }
}
