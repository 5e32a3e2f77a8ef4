/** Whether mail is flowing, where it goes, and what needs somebody. */
import { z } from "zod";
import { type Attention, deadEnds, expiringSoon, frozenSources, keepRoles, withoutOwner } from "../../actions/attention.ts";
import { oldestDelayed, stopped } from "../../queue/attention.ts";
import { readDestinations, readFlow } from "../../queue/flow.ts";
import type { KeptGroups } from "../../queue/kept-groups.ts";
import { type AdminDeps, panel } from "../context.ts";
import { may } from "../guard.ts";
import { input } from "../input.ts";
import { mailScope } from "./messages.ts";
import { keyOf } from "./queue.ts";

const SPANS = { "24h": 24, "7d": 168, "30d": 720 } as const;
const span = z.strictObject({ span: z.enum(["24h", "7d", "30d"]).default("24h") });
const nothing = z.strictObject({});

export function flowRoutes({ db }: AdminDeps, kept: KeptGroups) {
  return panel.createApp().get("/", may("flow.see"), input("query", span), async (c) => {
    const asked = c.req.valid("query").span;
    const scope = mailScope(c.get("scope"));
    const [flow, queue] = await Promise.all([readFlow(db, scope, SPANS[asked]), kept.groups(scope)]);
    return c.json(
      {
        span: asked,
        hours: flow.hours,
        delays: flow.delays,
        counted_at: flow.countedAt,
        /** Figures of departments are of mail for their domains; what they send is in those of all. */
        of_all: scope.everything,
        queue: {
          recipients: queue.recipients,
          sampled_rows: queue.sampledRows,
          ages: sums(queue.groups.map(({ ages }) => ages)),
          own_trouble: queue.groups.filter(({ state }) => state === "own").reduce((sum, { recipients }) => sum + recipients, 0),
          top: queue.groups
            .toSorted((a, b) => b.recipients - a.recipients)
            .slice(0, 10)
            .map((group) => ({
              key: keyOf(group),
              party: group.party,
              status: group.status,
              cause: group.cause,
              recipients: group.recipients,
            })),
        },
      },
      200,
    );
  });
}

const sums = (rows: readonly (readonly number[])[]): readonly number[] =>
  (rows[0] ?? []).map((_, i) => rows.reduce((sum, ages) => sum + (ages[i] ?? 0), 0));

export function destinationRoutes({ db }: AdminDeps, kept: KeptGroups) {
  return panel.createApp().get("/", may("destinations.see"), input("query", nothing), async (c) => {
    const [items, queue] = await Promise.all([readDestinations(db), kept.groups(mailScope(c.get("scope")))]);
    const waiting = new Map<string, number>();
    for (const { state, party, recipients } of queue.groups)
      if (state === "deferred") waiting.set(party, (waiting.get(party) ?? 0) + recipients);
    const shown = items.slice(0, 200).map((item) => ({ ...item, waiting: waiting.get(item.party) ?? 0 }));
    return c.json({ items: shown, total: items.length, hours: 24 }, 200);
  });
}

/** One thing on the first page. `failed`: it could not be asked now, which says nothing of how it is. */
type Card =
  | { readonly kind: string; readonly failed: true }
  | ({ readonly kind: string; readonly failed: false; readonly text?: string; readonly at?: Date } & Attention);

const none: Attention = { count: 0, more: false, examples: [] };

export function attentionRoutes(deps: AdminDeps) {
  const { db, directory, limits, postmaster, log } = deps;
  const roles = keepRoles(db, directory, { limits, postmaster });
  /** Each fails alone. */
  const card = async (kind: string, ask: () => Promise<Attention & { readonly text?: string; readonly at?: Date }>): Promise<Card> => {
    try {
      return { kind, failed: false, ...(await ask()) };
    } catch (error) {
      log.warn("a card of the first page failed", { kind, error: String(error) });
      return { kind, failed: true };
    }
  };
  return panel.createApp().get("/", may("flow.see"), input("query", nothing), async (c) => {
    const scope = c.get("scope");
    const mail = mailScope(scope);
    const ended = stopped(db, mail);
    ended.catch(() => undefined); // its two cards tell
    const items = await Promise.all([
      card("delayed", async () => {
        const oldest = await oldestDelayed(db, mail);
        return oldest === null
          ? none
          : { count: 1, more: false, examples: [oldest.queueId], text: oldest.plain.text, at: oldest.receivedAt };
      }),
      card("quarantined", async () => ({ ...none, count: (await ended).quarantined })),
      card("held-posts", async () => ({ count: (await ended).heldPosts, more: false, examples: (await ended).lists })),
      ...(scope.everything ? [card("frozen", () => frozenSources(db))] : []),
      card("dead-ends", () => deadEnds(db, scope)),
      card("expiring", () => expiringSoon(db, scope)),
      card("without-owner", () => withoutOwner(db, scope)),
      card("roles", () => roles.unanswered(scope)),
    ]);
    return c.json({ items }, 200);
  });
}
