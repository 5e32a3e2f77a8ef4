/** What waits, and what to do with it. Every action says how many recipients it was confirmed for. */
import type { Context } from "hono";
import { z } from "zod";
import { countQueued, deleteQueued, holdQueued, releaseQueued, retryQueued, returnQueued } from "../../actions/queue.ts";
import type { Scope } from "../../actions/scope.ts";
import { firstIdAt, parseQueueId } from "../../mail/queue-id.ts";
import { lastDelivery } from "../../queue/attention.ts";
import { GROUP_STATES, type GroupKey } from "../../queue/group-key.ts";
import { AGE_BANDS } from "../../queue/groups.ts";
import type { KeptGroups } from "../../queue/kept-groups.ts";
import type { Selection } from "../../queue/selection.ts";
import type { Steered } from "../../queue/steer.ts";
import { listWaiting } from "../../queue/waiting.ts";
import { type AdminDeps, authorOf, carryOut, isDryRun, type PanelEnv, panel } from "../context.ts";
import { may } from "../guard.ts";
import { cursorOf, dryRun, input, PAGE, placeOf } from "../input.ts";
import { Problem } from "../problem.ts";
import { mailScope } from "./messages.ts";

const groupKey: z.ZodType<GroupKey> = z.strictObject({
  state: z.enum(GROUP_STATES),
  party: z.string().max(255),
  status: z.string().max(20),
  shape: z.string().max(400),
});
const choice = {
  ids: z.array(z.string().max(20)).min(1).max(1000).optional(),
  /** As GET /queue/groups gives it. */
  group: z.string().max(2000).optional(),
  /** Part of the last reply, its enhanced status, or the reason of holding. */
  reason: z.string().min(1).max(300).optional(),
  all: z.literal(true).optional(),
};
const listing = z.strictObject({
  id: z.string().max(20).optional(),
  group: choice.group,
  reason: choice.reason,
  ...PAGE,
});
const asked = z.strictObject({ ...choice, expected: z.number().int().min(0).max(10_000_000).optional() });
const place = z.strictObject({ id: z.string().regex(/^[0-9]{1,19}$/), no: z.number().int().min(-1).max(2_147_483_647) });
const nothing = z.strictObject({});

/** Recipients of one request; beyond that a page would wait for its answer for too long. Returning writes mail for each. */
const AT_ONCE = 50_000;
const RETURNED_AT_ONCE = 1000;
const DAY_MS = 86_400_000;

export function queueRoutes(deps: AdminDeps, kept: KeptGroups) {
  const { db } = deps;
  const steered = (act: (...args: Parameters<typeof retryQueued>) => Promise<Steered>) => (c: Context<PanelEnv>, json: Asked) =>
    steer(deps, kept, c, json, act);
  return panel
    .createApp()
    .get("/groups", may("queue.see"), input("query", nothing), async (c) => {
      const scope = mailScope(c.get("scope"));
      const { groups, recipients, moreGroups, sampledRows, readAt } = await kept.groups(scope);
      const idle = recipients === 0 && scope.everything ? await lastDelivery(db, firstIdAt(Date.now() - DAY_MS)) : null;
      return c.json(
        {
          items: groups.map((group) => ({ ...group, key: keyOf(group) })),
          recipients,
          more_groups: moreGroups,
          sampled_rows: sampledRows,
          read_at: readAt,
          last_delivery_at: idle,
          age_bands: AGE_BANDS,
        },
        200,
      );
    })
    .get("/messages", may("queue.see"), input("query", listing), async (c) => {
      const { id, group, reason, limit, cursor } = c.req.valid("query");
      const named = {
        ...(id !== undefined && { ids: [id] }),
        ...(group !== undefined && { group }),
        ...(reason !== undefined && { reason }),
      };
      const selection = selectionOf(Object.keys(named).length === 0 ? { all: true } : named, c.get("scope"));
      const after = placeOf(cursor, place);
      const { rows, last } = await listWaiting(
        db,
        selection,
        limit,
        after === null ? null : { messageId: BigInt(after.id), recipientNo: after.no },
      );
      const next_cursor = last === null ? null : cursorOf({ id: last.messageId.toString(), no: last.recipientNo });
      return c.json({ items: rows, next_cursor, total: null }, 200);
    })
    .post("/retry", may("queue.retry"), input("json", asked), input("query", dryRun), async (c) =>
      c.json(await steered(retryQueued)(c, c.req.valid("json")), 200),
    )
    .post("/hold", may("queue.hold"), input("json", asked), input("query", dryRun), async (c) =>
      c.json(await steered(holdQueued)(c, c.req.valid("json")), 200),
    )
    .post("/release", may("queue.hold"), input("json", asked), input("query", dryRun), async (c) =>
      c.json(await steered(releaseQueued)(c, c.req.valid("json")), 200),
    )
    .post("/delete", may("queue.end"), input("json", asked), input("query", dryRun), async (c) =>
      c.json(await steered(deleteQueued)(c, c.req.valid("json")), 200),
    )
    .post("/return", may("queue.end"), input("json", asked), input("query", dryRun), async (c) =>
      c.json(await giveBack(deps, kept, c, c.req.valid("json")), 200),
    );
}

type Asked = z.infer<typeof asked>;

/** What an action answers. `matched`: how many it meant; `skipped`: being tried right now, or already so. */
type Answer = Steered & {
  readonly changed: boolean;
  readonly change_no: number | null;
  readonly dry_run: boolean;
  readonly warnings: readonly string[];
};

const counted = (matched: number): Answer => ({
  matched,
  done: 0,
  skipped: 0,
  changed: false,
  change_no: null,
  dry_run: true,
  warnings: [],
});

async function steer(
  { db }: AdminDeps,
  kept: KeptGroups,
  c: Context<PanelEnv>,
  json: Asked,
  act: (...args: Parameters<typeof retryQueued>) => Promise<Steered>,
): Promise<Answer> {
  const selection = selectionOf(json, c.get("scope"));
  const matched = await countQueued(db, selection, AT_ONCE);
  if (isDryRun(c)) return counted(matched); // to rehearse it would write every row and throw it away
  const expected = expectedOf(json, selection);
  const { result, change_no } = await carryOut(c, db, (on, author) => act(on, author, selection, expected));
  kept.forget();
  return { ...result, changed: result.done > 0, change_no, dry_run: false, warnings: [] };
}

/** In steps of their own, since each writes mail: what was returned stays so when a later step fails. */
async function giveBack(deps: AdminDeps, kept: KeptGroups, c: Context<PanelEnv>, json: Asked): Promise<Answer> {
  const selection = selectionOf(json, c.get("scope"));
  const matched = await countQueued(deps.db, selection, RETURNED_AT_ONCE);
  if (isDryRun(c)) return counted(matched);
  const expected = expectedOf(json, selection);
  const author = authorOf(c);
  const done = await deps.withReturning((returning) => returnQueued(deps.db, author, selection, returning, expected));
  kept.forget();
  return { matched, done, skipped: Math.max(0, matched - done), changed: done > 0, change_no: null, dry_run: false, warnings: [] };
}

/** Whoever means more than messages they have named must say how many recipients they saw. */
function expectedOf({ expected }: Asked, selection: Selection): number | undefined {
  if (expected !== undefined || selection.kind === "ids") return expected;
  throw new Problem("validation", "/expected: say for how many recipients this is meant", {
    errors: [{ pointer: "/expected", code: "missing", detail: "the number that ?dry_run=true gives as matched" }],
    hint: "Ask with ?dry_run=true first, and send its `matched` as expected.",
  });
}

export const keyOf = ({ state, party, status, shape }: GroupKey): string => cursorOf({ state, party, status, shape });

function selectionOf({ ids, group, reason, all }: Omit<Asked, "expected">, scope: Scope): Selection {
  const given = [ids, group, reason, all].filter((each) => each !== undefined);
  if (given.length !== 1)
    throw new Problem("validation", "Say which mail is meant, by exactly one of ids, group, reason and all.", {
      errors: [{ pointer: "", code: "ambiguous", detail: "exactly one of ids, group, reason and all" }],
    });
  const within = { scope: mailScope(scope) };
  if (ids !== undefined) return { kind: "ids", ids: ids.map(idOf), ...within };
  if (reason !== undefined) return { kind: "reason", reason, ...within };
  const key = group === undefined ? null : placeOf(group, groupKey);
  return key === null ? { kind: "all", ...within } : { kind: "group", group: key, ...within };
}

function idOf(text: string, i: number): bigint {
  const id = parseQueueId(text);
  if (id !== null) return id;
  throw new Problem("validation", `/ids/${i}: this is no queue id`, {
    errors: [{ pointer: `/ids/${i}`, code: "invalid", detail: "A queue id has up to 12 letters and digits." }],
  });
}
