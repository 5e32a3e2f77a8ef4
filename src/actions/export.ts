/** The directory as a file: CSV for people and for import, or a table that Postfix can serve if Mailroom is down. */
import type { Db } from "../db/client.ts";
import { textOfKey } from "../mail/mailbox.ts";
import { disabledCell } from "./disabled.ts";
import { listDomains } from "./domains.ts";
import { type EntryView, entriesWithTargets, inPages } from "./entries.ts";
import { csvLine } from "./import/cell.ts";
import { EVERYTHING, type Scope } from "./scope.ts";

/** Entries read at a time. A list of 100,000 members is one of them: 4 MB. */
const PAGE = 500;

const entries = (db: Db, scope = EVERYTHING): AsyncGenerator<EntryView> =>
  inPages(
    (after) => entriesWithTargets(db, after, PAGE, scope),
    (entry) => entry.address,
  );

const yesOrNo = (value: boolean | null): string => (value === null ? "" : value ? "yes" : "no");

// biome-ignore format: in the order of the cells below
const HEADER = ["address", "targets", "kind", "owner", "expires", "note", "posting", "starts", "affiliation", "disabled", "moved_to",
  "own_copy", "leave", "limit", "senders", "excluded"];

/** CSV with our own columns, lines ended by CRLF (RFC 4180 §2), in order of address; cells a spreadsheet would calculate get a `'`. */
export async function* exportCsv(db: Db, scope: Scope = EVERYTHING): AsyncGenerator<string> {
  yield csvLine(HEADER);
  for await (const e of entries(db, scope)) {
    const targets = e.targets.map(textOfKey).join(" ");
    yield csvLine([
      textOfKey(e.address),
      targets,
      e.kind,
      e.owner === null ? "" : textOfKey(e.owner),
      e.expires_at ?? "",
      e.note ?? "",
      e.posting ?? "",
      e.starts_at ?? "",
      e.affiliation ?? "",
      disabledCell(e.disabled, e.disabled_text),
      e.moved_to === null ? "" : `${e.moved_delivers ? "deliver:" : ""}${textOfKey(e.moved_to)}`,
      yesOrNo(e.own_copy),
      yesOrNo(e.may_leave),
      e.member_limit === null ? "" : String(e.member_limit),
      e.senders.map(textOfKey).join(" "),
      e.excluded.map(textOfKey).join(" "),
    ]);
  }
}

/** One line of JSON for each entry in scope, in order of address; texts as they are. */
export async function* exportJsonLines(db: Db, scope: Scope): AsyncGenerator<string> {
  for await (const entry of entries(db, scope)) yield `${JSON.stringify(entry)}\n`;
}

/**
 * A virtual alias table, virtual(5). What Postfix cannot say stands there as a comment: entries that have expired or have nobody.
 * Lists become aliases: their posting rules and bounce addresses are lost.
 */
export async function* exportPostfixVirtual(db: Db, now: Date): AsyncGenerator<string> {
  const domains = await listDomains(db);
  yield "# Written by mailroom export postfix-virtual. For virtual_alias_maps, with virtual_alias_domains from the same file.\n";
  for (const d of domains) {
    yield `${d.domain} virtual\n`;
    if (d.alias_of !== null) yield `@${d.domain} @${d.alias_of}\n`;
    else if (d.catch_all !== null) yield `@${d.domain} ${textOfKey(d.catch_all)}\n`;
  }
  for await (const e of entries(db)) {
    const targets =
      e.moved_to !== null ? [e.moved_to] : e.targets.filter((target) => counts(e.target_dates?.[target] ?? [null, null], now));
    yield `${commentOn(e, targets, now)}${textOfKey(e.address)} ${targets.map(textOfKey).join(", ")}\n`;
  }
}

const counts = ([starts, expires]: readonly [string | null, string | null], now: Date): boolean =>
  (starts === null || new Date(starts) <= now) && (expires === null || new Date(expires) > now);

/** Why an entry stands there as a comment; empty: it does not. */
function commentOn(e: EntryView, targets: readonly string[], now: Date): string {
  if (e.expires_at !== null && new Date(e.expires_at) <= now) return `# expired ${e.expires_at}: `;
  if (e.starts_at !== null && new Date(e.starts_at) > now) return `# not before ${e.starts_at}: `;
  if (e.disabled !== null) return `# switched off (${e.disabled}): `;
  if (e.moved_to !== null && !e.moved_delivers) return "# moved to: ";
  return targets.length === 0 ? "# nobody: " : "";
}
