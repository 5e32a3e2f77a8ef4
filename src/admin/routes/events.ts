/**
 * GET /events: what happens, as it happens (the HTML standard, server-sent events). `change`: something was changed; `queue`: how much waits;
 * `message`: so many new messages; `error`: the stream ends and may be opened again. Each only of what lies in the reader's scope.
 */
import type { Context } from "hono";
import { type SSEStreamingApi, streamSSE } from "hono/streaming";
import { z } from "zod";
import { changesAfter } from "../../actions/news.ts";
import type { Scope } from "../../actions/scope.ts";
import type { MessageId } from "../../mail/queue-id.ts";
import type { KeptGroups } from "../../queue/kept-groups.ts";
import { messagesAfter } from "../../queue/new-messages.ts";
import { type Principal, scopeOf } from "../access/policy.ts";
import { type AdminDeps, type PanelEnv, panel, principalOf } from "../context.ts";
import { may, stillThere } from "../guard.ts";
import { input } from "../input.ts";
import { Problem } from "../problem.ts";
import { openWatch, type Watch } from "../watch.ts";
import { mailScope } from "./messages.ts";

const nothing = z.strictObject({});

const LOOK_EVERY_MS = 2000;
const HEARTBEAT_MS = 15_000;
/** So often it is asked whether the session still is, and its roles are the same. */
const WHO_EVERY_MS = 5000;
/** Of one look; of more, only that there are more. */
const CHANGES_AT_ONCE = 100;

export function eventRoutes(deps: AdminDeps, kept: KeptGroups) {
  const watch = openWatch(deps.db);
  return panel.createApp().get("/", may("events.see"), input("query", nothing), async (c) => {
    const place = await watch.enter(principalOf(c).id);
    if (place === null)
      throw new Problem("rate-limited", "You have as many streams open as one person may.", {
        hint: "Close a window of the panel; pages ask by themselves meanwhile.",
        headers: { "retry-after": "30" },
      });
    c.header("x-accel-buffering", "no"); // nginx would keep the events until it has enough of them
    return streamSSE(c, async (stream) => {
      const ended = new AbortController();
      stream.onAbort(() => ended.abort());
      try {
        await follow({ deps, kept, watch, c, stream, ended: ended.signal });
      } catch (error) {
        deps.log.warn("a stream of the panel ended", { error: String(error) });
        await say(stream, "error", "The server could not go on with this stream."); // onError is not called in here
      } finally {
        place.leave();
      }
    });
  });
}

type Following = {
  readonly deps: AdminDeps;
  readonly kept: KeptGroups;
  readonly watch: Watch;
  readonly c: Context<PanelEnv>;
  readonly stream: SSEStreamingApi;
  readonly ended: AbortSignal;
};

/** Where a stream stands; its text is the id of each event, by which a browser goes on after a break (Last-Event-ID). */
type Place = { change: number; message: MessageId };
const idOf = ({ change, message }: Place): string => `${change}-${message}`;

async function startOf({ c, watch }: Following): Promise<Place> {
  const [, change, message] = /^(\d{1,15})-(\d{1,19})$/.exec(c.req.header("last-event-id") ?? "") ?? [];
  const marks = await watch.marks();
  if (change === undefined || message === undefined) return { ...marks };
  return { change: Math.min(Number(change), marks.change), message: BigInt(message) < marks.message ? BigInt(message) : marks.message };
}

const say = (stream: SSEStreamingApi, event: string, data: unknown, id?: string): Promise<void> =>
  stream.writeSSE({ event, data: JSON.stringify(data), ...(id !== undefined && { id }) });

async function follow(following: Following): Promise<void> {
  const { deps, kept, watch, c, stream, ended } = following;
  const scope = c.get("scope");
  const place = await startOf(following);
  let queue = "";
  let beat = Date.now();
  let asked = Date.now();
  await say(stream, "hello", { heartbeat_ms: HEARTBEAT_MS }, idOf(place));
  while (!ended.aborted) {
    const marks = await watch.marks();
    if (marks.change > place.change) await tellChanges(following, scope, place, marks.change);
    if (marks.message > place.message) await tellMessages(following, scope, place);
    if (scopeOf(principalOf(c), "queue.see") !== null) queue = await tellQueue(following, scopeOfQueue(principalOf(c)), kept, queue, place);
    if (Date.now() - asked >= WHO_EVERY_MS) {
      if (!(await stillThere(c, deps, "events.see"))) return say(stream, "error", "The session has ended.");
      asked = Date.now();
    }
    if (Date.now() - beat >= HEARTBEAT_MS) {
      await stream.write(": still here\n\n");
      beat = Date.now();
    }
    await watch.pause(LOOK_EVERY_MS, ended);
  }
}

const scopeOfQueue = (principal: Principal): Scope => scopeOf(principal, "queue.see") ?? { everything: false, domains: [], owners: [] };

async function tellChanges({ deps, stream }: Following, scope: Scope, place: Place, to: number): Promise<void> {
  const changes = await changesAfter(deps.db, scope, place.change, CHANGES_AT_ONCE + 1);
  for (const change of changes.slice(0, CHANGES_AT_ONCE)) {
    place.change = change.change_no;
    await say(stream, "change", change, idOf(place));
  }
  place.change = to;
  if (changes.length > CHANGES_AT_ONCE) await say(stream, "change", { change_no: to, action: "more", object: "" }, idOf(place));
}

async function tellMessages({ deps, stream }: Following, scope: Scope, place: Place): Promise<void> {
  const { count, lookedTo } = await messagesAfter(deps.db, mailScope(scope), place.message);
  place.message = lookedTo;
  if (count > 0) await say(stream, "message", { count }, idOf(place));
}

/** Only when it is another number than before. */
async function tellQueue({ stream }: Following, scope: Scope, kept: KeptGroups, before: string, place: Place): Promise<string> {
  const { recipients, groups, sampledRows } = await kept.groups(mailScope(scope));
  const now = { recipients, groups: groups.length, estimated: sampledRows !== null };
  const text = JSON.stringify(now);
  if (text !== before) await say(stream, "queue", now, idOf(place));
  return text;
}
