/** Sends the panel's requests, several at a time, and counts how long each took. */
import { Agent, request } from "node:http";
import { Agent as TlsAgent, request as tlsRequest } from "node:https";
import { Random } from "../load-campus/random.ts";
import type { PanelRequest } from "./panel-requests.ts";

export type Server = { readonly url: string; readonly token: string };
/** `failure`: null when it was answered with 2xx. */
export type Asked = { readonly name: string; readonly ms: number; readonly failure: string | null };

/** Times in milliseconds, to the last octet of the answer. Of requests that failed none is counted: NaN when all did. */
export type Timed = {
  readonly name: string;
  readonly count: number;
  readonly failures: number;
  readonly firstFailure: string | null;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
};

/** A request without an answer for so long has failed. */
const PATIENCE_MS = 30_000;

/** Each request `times` × its weight times, mixed, so many at a time over connections that stay open. */
export async function askAll(server: Server, requests: readonly PanelRequest[], times: number, concurrency: number): Promise<Asked[]> {
  const keep = { keepAlive: true, maxSockets: concurrency };
  const agent = server.url.startsWith("https:") ? new TlsAgent(keep) : new Agent(keep);
  const ask: Ask = (path, method) => send(server, agent, method, path);
  try {
    const ready = await Promise.all(requests.map((one) => lastPage(ask, one)));
    const order = mixed(ready.flatMap((one) => Array.from({ length: Math.max(1, Math.round(times * one.request.weight)) }, () => one)));
    const asked: Asked[] = [];
    let next = 0;
    const turn = async (): Promise<void> => {
      for (let one = order[next++]; one !== undefined; one = order[next++]) {
        const { name } = one.request;
        if (one.path === null) asked.push({ name, ms: 0, failure: one.failure });
        else {
          const { ms, failure } = await ask(one.path, one.request.method);
          asked.push({ name, ms, failure });
        }
      }
    };
    await Promise.all(Array.from({ length: concurrency }, turn));
    return asked;
  } finally {
    agent.destroy();
  }
}

/** By kind, in the order of their first answers' names. */
export function timesOf(asked: readonly Asked[]): Timed[] {
  const names = [...new Set(asked.map(({ name }) => name))].sort();
  return names.map((name) => {
    const all = asked.filter((one) => one.name === name);
    const times = all.flatMap(({ ms, failure }) => (failure === null ? [ms] : [])).sort((a, b) => a - b);
    const at = (share: number): number => times[Math.max(0, Math.ceil(times.length * share) - 1)] ?? Number.NaN;
    const failures = all.length - times.length;
    const firstFailure = all.find(({ failure }) => failure !== null)?.failure ?? null;
    return { name, count: all.length, failures, firstFailure, p50: at(0.5), p95: at(0.95), max: at(1) };
  });
}

type Ready = { readonly request: PanelRequest; readonly path: string | null; readonly failure: string | null };

type Ask = (path: string, method: PanelRequest["method"]) => Promise<Answer>;

/** Walks to the page that is to be timed. */
async function lastPage(ask: Ask, request: PanelRequest): Promise<Ready> {
  let { path } = request;
  for (let page = 0; page < (request.pages ?? 0); page++) {
    const { failure, body } = await ask(path, request.method);
    if (failure !== null) return { request, path: null, failure };
    const cursor = cursorOf(body);
    if (cursor === null) return { request, path: null, failure: `page ${page + 1} of ${request.path} is the last` };
    const url = new URL(path, "http://server");
    url.searchParams.set("cursor", cursor);
    path = url.pathname + url.search;
  }
  return { request, path, failure: null };
}

/** A list's answer names its next page in `next_cursor`. */
function cursorOf(body: string): string | null {
  try {
    const { next_cursor: next } = JSON.parse(body) as { next_cursor?: unknown };
    return typeof next === "string" ? next : null;
  } catch {
    return null;
  }
}

function mixed<T>(all: T[]): T[] {
  const random = new Random("panel");
  return all
    .map((one) => [random.next(), one] as const)
    .sort(([a], [b]) => a - b)
    .map(([, one]) => one);
}

type Answer = { readonly ms: number; readonly failure: string | null; readonly body: string };

function send({ url, token }: Server, agent: Agent | TlsAgent, method: string, path: string): Promise<Answer> {
  const started = performance.now();
  const open = url.startsWith("https:") ? tlsRequest : request;
  return new Promise((resolve) => {
    const done = (failure: string | null, body = ""): void => resolve({ ms: performance.now() - started, failure, body });
    const call = open(
      new URL(path, url),
      { agent, method, timeout: PATIENCE_MS, headers: { authorization: `Bearer ${token}` } },
      (response) => {
        let body = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          body += part;
        });
        response.on("error", (error) => done(error.message));
        response.on("end", () => {
          const { statusCode = 0 } = response;
          done(statusCode >= 200 && statusCode < 300 ? null : `${statusCode} ${body.slice(0, 200)}`, body);
        });
      },
    );
    call.on("timeout", () => call.destroy(new Error(`no answer in ${PATIENCE_MS / 1000} s`)));
    call.on("error", (error) => done(error.message)).end();
  });
}
