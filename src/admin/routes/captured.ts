/** Copies that would have left this machine. Only where nothing leaves it; elsewhere there is no such thing. */
import type { Context } from "hono";
import { z } from "zod";
import { listRoutes } from "../../actions/routes.ts";
import { parseQueueId } from "../../mail/queue-id.ts";
import { traceMessages } from "../../queue/trace.ts";
import {
  type Copy,
  type CopyFacts,
  copyById,
  factsOf,
  listCopies,
  parseCopy,
  READABLE_OCTETS,
  readUpTo,
  removeCopies,
} from "../captured.ts";
import { type AdminDeps, isDryRun, type PanelEnv, panel } from "../context.ts";
import { may } from "../guard.ts";
import { cursorOf, dryRun, input, line, PAGE, placeOf } from "../input.ts";
import { Problem } from "../problem.ts";

const listing = z.strictObject({ q: line.default(""), ...PAGE });
const param = z.strictObject({ id: z.string().regex(/^[\w-]{22}$/) });
const place = z.strictObject({ arrived: z.string().max(30), id: z.string().max(30) });

/** A search reads the headers of so many copies at most. */
const MOST_READ = 5000;

/** The part in HTML: no scripts, no network, no forms, in a frame of this panel alone. `sandbox` holds even when somebody opens it by itself. */
const HTML_HEADERS = {
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox",
  "content-type": "text/html; charset=utf-8",
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "SAMEORIGIN",
};

export function capturedRoutes(deps: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("captured.see"), input("query", listing), async (c) => {
      const { q, limit, cursor } = c.req.valid("query");
      const after = placeOf(cursor, place);
      const all = await listCopies(...(await placeOfCopies(deps, c)));
      const begin =
        after === null
          ? 0
          : all.findIndex((copy) => copy.arrived < after.arrived || (copy.arrived === after.arrived && copy.id > after.id));
      const { items, next } = await page(begin < 0 ? [] : all.slice(begin), q.trim().toLowerCase(), limit);
      return c.json(
        { items, total: all.length, next_cursor: next === null ? null : cursorOf({ arrived: next.arrived, id: next.id }) },
        200,
      );
    })
    .get("/:id", may("captured.see"), input("param", param), async (c) => {
      const { copy, octets } = await copyInSight(deps, c, c.req.valid("param").id);
      const facts = await factsOf(copy);
      if (facts === null) throw gone();
      const { headers, text, html, attachments } = await parsed(octets);
      const [message] = facts.queue_id === null ? [] : await traced(deps, facts.queue_id);
      const delivery = message?.deliveries.find(({ to }) => isTo(copy, to));
      const original = delivery?.origTo ?? facts.forward_path;
      return c.json(
        {
          ...shown(copy, facts),
          final_recipient: delivery?.to ?? finalOf(copy),
          original_recipient: original,
          reverse_path: message?.from ?? null,
          paths: delivery?.paths ?? [],
          headers,
          text,
          has_html: html !== null,
          attachments,
        },
        200,
      );
    })
    .get("/:id/html", may("captured.see"), input("param", param), async (c) => {
      const { octets } = await copyInSight(deps, c, c.req.valid("param").id);
      const { html } = await parsed(octets);
      if (html === null) throw new Problem("not-found", "This message has no part in HTML.");
      return c.body(html, 200, HTML_HEADERS);
    })
    .get("/:id/raw", may("captured.see"), input("param", param), async (c) => {
      const { copy } = await copyInSight(deps, c, c.req.valid("param").id, 0);
      const octets = await readUpTo(copy, Number.MAX_SAFE_INTEGER);
      if (octets === null) throw gone();
      return c.body(octets, 200, {
        "content-type": "message/rfc822",
        "content-disposition": `attachment; filename="${copy.id}.eml"`,
        "content-security-policy": "default-src 'none'; sandbox",
        "x-content-type-options": "nosniff",
      });
    })
    .delete("/", may("captured.clear"), input("query", dryRun), async (c) => {
      const all = await listCopies(...(await placeOfCopies(deps, c)));
      const removed = isDryRun(c) ? all.length : await removeCopies(all);
      return c.json({ changed: removed > 0, removed, warnings: [] as string[], change_no: null, dry_run: isDryRun(c) }, 200);
    });
}

const gone = (): Problem => new Problem("not-found", "There is no such message here.", { hint: "Somebody may have cleared them." });

/**
 * The folder, and the domain whose mailboxes are right below it by its route. Who may see everything may see mail here, and nobody in part:
 * mailboxes have no department.
 */
async function placeOfCopies(
  { captured, db }: AdminDeps,
  c: Context<PanelEnv>,
): Promise<readonly [folder: string, localDomain: string | null]> {
  if (captured === null || !c.get("scope").everything)
    throw new Problem("not-found", "Mail is not captured here: it leaves this machine.", { hint: "`mailroom demo` captures it." });
  const route = (await listRoutes(db)).find(({ url }) => url === `maildir:${captured}/{local}`);
  return [captured, route === undefined || route.domain === "*" ? null : route.domain];
}

async function copyInSight(
  deps: AdminDeps,
  c: Context<PanelEnv>,
  id: string,
  most = READABLE_OCTETS,
): Promise<{ copy: Copy; octets: Buffer }> {
  const copy = await copyById(...(await placeOfCopies(deps, c)), id);
  const octets = copy === null ? null : await readUpTo(copy, most);
  if (copy === null || octets === null) throw gone();
  return { copy, octets };
}

async function page(copies: readonly Copy[], q: string, limit: number) {
  const items: ReturnType<typeof shown>[] = [];
  let last: Copy | null = null;
  for (const copy of copies.slice(0, MOST_READ)) {
    const facts = await factsOf(copy);
    if (facts === null) continue;
    if (items.length === limit) return { items, next: last };
    const item = shown(copy, facts);
    if (
      q === "" ||
      [item.from, item.subject, item.final_recipient, item.original_recipient ?? ""].some((text) => text.toLowerCase().includes(q))
    )
      items.push(item);
    last = copy;
  }
  return { items, next: copies.length > MOST_READ ? last : null };
}

const shown = (copy: Copy, { from, subject, forward_path, queue_id }: CopyFacts) => ({
  id: copy.id,
  arrived_at: copy.arrivedAt,
  size: copy.size,
  from,
  subject,
  original_recipient: forward_path,
  final_recipient: finalOf(copy),
  queue_id,
});

const finalOf = ({ local, domain }: Copy): string => (domain === null ? local : `${local}@${domain}`);
const isTo = (copy: Copy, key: string): boolean =>
  copy.domain === null ? key.slice(0, key.lastIndexOf("@")) === copy.local : key === `${copy.local}@${copy.domain}`;

const traced = async ({ db }: AdminDeps, queueId: string) => {
  const messageId = parseQueueId(queueId);
  return messageId === null ? [] : traceMessages(db, { messageId, since: new Date(0), limit: 1 });
};

async function parsed(octets: Buffer) {
  try {
    return await parseCopy(octets);
  } catch (error) {
    throw new Problem("rule-broken", `The message cannot be taken apart: ${error instanceof Error ? error.message : String(error)}`, {
      hint: "Download it as it is.",
    });
  }
}
