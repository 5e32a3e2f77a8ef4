/** Errors of the API: application/problem+json (RFC 9457), each with what happened and, where there is one, the next step. */
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { TooMany } from "../actions/forwarding/limits.ts";
import { Refusal } from "../actions/refusal.ts";
import { Stale } from "../actions/scope.ts";
import { faultFields, isUnavailable, serverErrorOf } from "../db/faults.ts";
import type { Log } from "../log/log.ts";

/** One thing wrong with a request. `pointer`: where (RFC 6901), as in `/targets/2`. */
export type ProblemDetail = { readonly pointer: string; readonly code: string; readonly detail: string };

export type ProblemBody = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  /** The next step. */
  readonly hint?: string | undefined;
  readonly errors?: readonly ProblemDetail[] | undefined;
  readonly [extra: string]: unknown;
};

/** Every kind of problem, with its status and title; problem-page.ts says more of each. */
export const PROBLEMS = {
  validation: [400, "The request is not well formed"],
  "not-signed-in": [401, "Nobody is signed in"],
  "sign-in-refused": [401, "Name or password is not right"],
  "code-needed": [401, "A code is needed too"],
  "not-allowed": [403, "Not allowed"],
  "bad-origin": [403, "The request comes from another site"],
  "not-found": [404, "There is no such thing here"],
  "address-taken": [409, "The address is taken"],
  "address-retired": [409, "The address belonged to somebody else"],
  "later-edits": [409, "Later changes are in the way"],
  "count-changed": [409, "It is not as many any more"],
  "key-reused": [422, "The Idempotency-Key belongs to another request"],
  "in-progress": [409, "The same request is being answered"],
  "stale-version": [412, "It was changed since you looked"],
  "too-large": [413, "The request is too large"],
  "not-json": [415, "Only JSON is taken"],
  "alias-loop": [422, "It would make a loop"],
  "name-reserved": [422, "The name is reserved"],
  "policy-external": [422, "A policy forbids it"],
  "address-invalid": [422, "Not an address"],
  "rule-broken": [422, "A rule forbids it"],
  "if-match-missing": [428, "Say which version you change"],
  "rate-limited": [429, "Too many requests"],
  "our-fault": [500, "Something went wrong here"],
  "directory-unavailable": [503, "The directory does not answer now"],
  "database-unavailable": [503, "The database does not answer now"],
  busy: [503, "Another change is under way"],
} as const satisfies Readonly<Record<string, readonly [ContentfulStatusCode, string]>>;

export type ProblemType = keyof typeof PROBLEMS;
export const PROBLEM_TYPES = Object.keys(PROBLEMS) as readonly ProblemType[];

type Extras = {
  readonly hint?: string | undefined;
  readonly errors?: readonly ProblemDetail[];
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the answer (RFC 9457 §3.2). */
  readonly members?: Readonly<Record<string, unknown>>;
};

/** Thrown by a route; the application answers with it. */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly type: ProblemType;
  readonly extras: Extras;
  constructor(type: ProblemType, detail: string, extras: Extras = {}) {
    super(detail);
    this.type = type;
    this.extras = extras;
  }
}

/** What a rule of actions/ refused, by its kind; its own type where it has one. */
function problemOfRefusal(refusal: Refusal): Problem {
  const extras = { hint: refusal.hint ?? undefined };
  if (refusal.rule !== null) return new Problem(refusal.rule, refusal.message, extras);
  switch (refusal.kind) {
    case "notFound":
      return new Problem("not-found", refusal.message, extras);
    case "badData":
      return new Problem("address-invalid", refusal.message, extras);
    case "refused":
      return new Problem("rule-broken", refusal.message, extras);
    case "busy":
      return new Problem("busy", refusal.message, { ...extras, headers: { "retry-after": "5" } });
    case "unreachable":
      return new Problem("directory-unavailable", refusal.message, { ...extras, headers: { "retry-after": "30" } });
  }
}

function problemOf(error: unknown, log: Log): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Refusal) return problemOfRefusal(error);
  if (error instanceof Stale)
    return new Problem("stale-version", error.message, {
      hint: "Read it again, and decide whose change stays.",
      members: { current_version: error.version },
    });
  if (error instanceof TooMany)
    return new Problem("rate-limited", error.message, { headers: { "retry-after": String(error.seconds) }, hint: "Nothing was sent." });
  if (error instanceof HTTPException && error.status === 413) return new Problem("too-large", "The body is larger than this takes.");
  // Postgres keeps every text but one with a NUL (SQLSTATE 22021).
  if (serverErrorOf(error)?.code === "22021") return new Problem("validation", "A text has a character that cannot be kept.");
  if (error instanceof HTTPException && error.status < 500)
    return new Problem("validation", error.message || "The request cannot be read.");
  if (isUnavailable(error))
    return new Problem("database-unavailable", "Nothing was changed. Mail goes on as far as it can.", {
      hint: "Try again in a few seconds.",
      headers: { "retry-after": "5" },
    });
  log.error("a request of the panel failed", {
    ...faultFields(error),
    stack: error instanceof Error ? error.stack?.slice(0, 1500) : undefined,
  });
  return new Problem("our-fault", "This is a mistake of the program, and its log says more. Nothing was changed.");
}

/** The answer to whatever a route threw. */
export function answerProblem(log: Log) {
  return (error: unknown, c: Context): Response => {
    const { type, message, extras } = problemOf(error, log);
    const [status, title] = PROBLEMS[type];
    const body: ProblemBody = {
      type: `/docs/problems#${type}`,
      title,
      status,
      detail: message,
      hint: extras.hint,
      instance: c.req.path,
      request_id: c.res.headers.get("x-request-id") ?? undefined,
      errors: extras.errors,
      ...extras.members,
    };
    return c.body(JSON.stringify(body), status, { "content-type": "application/problem+json", ...extras.headers });
  };
}
