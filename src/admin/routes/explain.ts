/** Where mail for an address goes and why, by the code that answers RCPT; and who reaches a mailbox. */
import { z } from "zod";
import { quoted } from "../../actions/address.ts";
import { patchEntry } from "../../actions/patch-entry.ts";
import { Refusal } from "../../actions/refusal.ts";
import { rehearse } from "../../actions/rehearse.ts";
import { entryInScope, notThere, type Scope, scopeValues } from "../../actions/scope.ts";
import type { Db } from "../../db/client.ts";
import { BeforeHistory, directoryAsOf } from "../../directory/as-of.ts";
import { readDirectory } from "../../directory/open-directory.ts";
import { reachersOf } from "../../directory/reverse.ts";
import { type Mailbox, parseMailbox } from "../../mail/mailbox.ts";
import { readMoment } from "../../mail/moment.ts";
import { type ExplainDirectory, explain } from "../../resolve/explain.ts";
import { explainText } from "../../resolve/explain-text.ts";
import { type AdminDeps, authorOf, panel } from "../context.ts";
import { may } from "../guard.ts";
import { addressText, input, momentText } from "../input.ts";
import { Problem } from "../problem.ts";

const question = z.strictObject({ address: addressText, from: z.string().max(320).optional(), as_of: momentText.optional() });
const trial = z.strictObject({
  address: addressText,
  from: z.string().max(320).optional(),
  /** An unsaved change of this address. */
  draft: z.strictObject({ targets: z.array(addressText).min(1).max(1000) }),
});
const reverse = z.strictObject({ address: addressText });

export function explainRoutes(deps: AdminDeps) {
  return panel
    .createApp()
    .get("/", may("addresses.see"), input("query", question), async (c) => {
      const { address, from, as_of } = c.req.valid("query");
      const recipient = mailboxOf(address, "/address");
      await mustBeInSight(deps, c.get("scope"), recipient);
      const { directory, now } = await directoryAt(deps, as_of);
      const explanation = await explain(directory, recipient, senderOf(from), { limits: deps.limits, postmaster: deps.postmaster, now });
      return c.json({ ...explanation, text: explainText(explanation) }, 200);
    })
    .post("/", may("aliases.edit"), input("json", trial), async (c) => {
      const { address, from, draft } = c.req.valid("json");
      const recipient = mailboxOf(address, "/address");
      const scope = c.get("scope");
      const explanation = await rehearse(deps.db, async (on) => {
        await patchEntry(on, authorOf(c), scope, address, {}, draft);
        return explain(asRehearsed(deps, on), recipient, senderOf(from), { limits: deps.limits, postmaster: deps.postmaster });
      });
      return c.json({ ...explanation, text: explainText(explanation) }, 200);
    })
    .get("/reverse", may("addresses.see"), input("query", reverse), async (c) => {
      const { address } = c.req.valid("query");
      const mailbox = mailboxOf(address, "/address");
      const { reachers, more } = await reachersOf(deps.db, mailbox.key);
      const { everything, domains, owners } = c.get("scope");
      const isOwn = owners.includes(mailbox.key); // who gets the mail may know why
      const items = reachers.filter(
        ({ address: at, owner, domain }) =>
          everything || isOwn || domains.includes(domain) || owners.includes(at) || (owner !== null && owners.includes(owner)),
      );
      return c.json({ address: mailbox.key, items, hidden: reachers.length - items.length, more }, 200);
    });
}

function mailboxOf(text: string, pointer: string): Mailbox {
  const parsed = parseMailbox(text.trim(), { smtputf8: true });
  if (parsed.ok) return parsed.mailbox;
  const detail = `${quoted(text)} is no address: ${parsed.fault.detail}`;
  throw new Problem("validation", `${pointer}: ${detail}`, {
    errors: [{ pointer, code: "address-invalid", detail }],
    hint: "Write it as name@domain.",
  });
}

/** Undefined: not said; null: a bounce. */
const senderOf = (from: string | undefined): Mailbox | null | undefined =>
  from === undefined ? undefined : from === "" || from === "<>" ? null : mailboxOf(from, "/from");

/** The directory within a rehearsal: its rows as they would be, its people as they are. */
const asRehearsed = ({ directory }: AdminDeps, on: Db): ExplainDirectory =>
  directory.people === undefined ? readDirectory(on) : { ...readDirectory(on), people: directory.people };

/** Somebody with a scope explains what lies in it; that another department's address exists is not told. */
async function mustBeInSight({ db }: AdminDeps, scope: Scope, { key, domain }: Mailbox): Promise<void> {
  if (scope.everything || scope.domains.includes(domain) || scope.owners.includes(key)) return;
  const { rows } = await db.query({
    text: `select from entries e where address = $1 and ${entryInScope("e", 2)}`,
    values: [key, ...scopeValues(scope)],
  });
  if (rows.length === 0) throw notThere(key);
}

/** The directory of now or of a moment. What LDAP said in the past nobody kept: its people and groups are as they are now. */
async function directoryAt(
  { db, directory }: AdminDeps,
  asOf: string | undefined,
): Promise<{ directory: ExplainDirectory; now: () => Date }> {
  if (asOf === undefined) return { directory, now: () => new Date() };
  const moment = readMoment(/T[\d:.]+$/.test(asOf) ? `${asOf}Z` : asOf);
  if (moment === null)
    throw new Problem("validation", `/as_of: ${quoted(asOf)} is no date`, { hint: "Write 2026-03-03 or 2026-03-03T10:00 (UTC)." });
  if (moment > new Date()) return { directory, now: () => moment };
  try {
    const past = await directoryAsOf(db, moment);
    return { directory: directory.people === undefined ? past : { ...past, people: directory.people }, now: () => moment };
  } catch (error) {
    if (!(error instanceof BeforeHistory)) throw error;
    throw new Refusal("notFound", `nobody knows what was on ${asOf}: ${error.message}`, "Name a later moment.");
  }
}
