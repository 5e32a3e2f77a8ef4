/** The server's API, typed by the server itself. Every answer that is no success is thrown as an ApiError. */
import { type ClientResponse, hc } from "hono/client";
import type { AppType } from "../../src/admin/app.ts";

/** RFC 9457, as src/admin/problem.ts writes it. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly hint?: string;
  readonly errors?: readonly { readonly pointer: string; readonly code: string; readonly detail: string }[];
  readonly [extra: string]: unknown;
};

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly problem: Problem;
  /** Seconds to wait before trying again, if the server says so. */
  readonly retryAfter: number | null;
  constructor(problem: Problem, retryAfter: number | null) {
    super(problem.detail);
    this.problem = problem;
    this.retryAfter = retryAfter;
  }
  /** The last part of the type, as in `stale-version`. */
  get kind(): string {
    return this.problem.type.slice(this.problem.type.lastIndexOf("#") + 1);
  }
}

/** Somebody signed out elsewhere, or the session ended: whoever shows the panel listens. */
export const SIGNED_OUT = "mailroom:signed-out";

const send: typeof fetch = async (input, init) => {
  const response = await fetch(input, { ...init, credentials: "same-origin" }).catch(() => {
    throw new ApiError(
      { type: "#unreachable", title: "The server does not answer", status: 0, detail: "Is the network there? Nothing was changed." },
      null,
    );
  });
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && problem.type.endsWith("#not-signed-in")) window.dispatchEvent(new Event(SIGNED_OUT));
  throw new ApiError(problem, Number(response.headers.get("retry-after")) || null);
};

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    return JSON.parse(text) as Problem;
  } catch {
    return { type: "#odd-answer", title: "An odd answer", status: response.status, detail: text.slice(0, 200) };
  }
}

export const api = hc<AppType>("/", { fetch: send }).api.v1;

/** The body of a success. */
export const body = async <T>(asked: Promise<ClientResponse<T>>): Promise<T> => (await asked).json() as Promise<T>;

/** A text for X-Change-Reason: header fields are ASCII. */
export const reasonHeader = (why: string): Record<string, string> =>
  why.trim() === "" ? {} : { "x-change-reason": encodeURIComponent(why.trim()) };
