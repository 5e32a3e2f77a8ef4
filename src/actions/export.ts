/** The directory as a file: CSV for people and for import, or a table that Postfix can serve if Mailroom is down. */
import type { Db } from "../db/client.ts";
import { textOfKey } from "../mail/mailbox.ts";
import { listDomains } from "./domains.ts";
import { type EntryView, entriesWithTargets, inPages } from "./entries.ts";
import { csvLine } from "./import/cell.ts";

/** Entries read at a time. A list of 100,000 members is one of them: 4 MB. */
const PAGE = 500;

const entries = (db: Db): AsyncGenerator<EntryView> =>
  inPages(
    (after) => entriesWithTargets(db, after, PAGE),
    (entry) => entry.address,
  );

const yesOrNo = (value: boolean | null): string => (value === null ? "" : value ? "yes" : "no");

/** CSV with our own columns, lines ended by CRLF (RFC 4180 §2), in order of address; cells a spreadsheet would calculate get a `'`. */
export async function* exportCsv(db: Db): AsyncGenerator<string> {
  yield csvLine(["address", "targets", "kind", "owner", "expires", "note", "posting", "own_copy", "leave", "limit", "senders", "excluded"]);
  for await (const e of entries(db)) {
    const targets = e.targets.map(textOfKey).join(" ");
    yield csvLine([
      textOfKey(e.address),
      targets,
      e.kind,
      e.owner === null ? "" : textOfKey(e.owner),
      e.expires_at ?? "",
      e.note ?? "",
      e.posting ?? "",
      yesOrNo(e.own_copy),
      yesOrNo(e.may_leave),
      e.member_limit === null ? "" : String(e.member_limit),
      e.senders.map(textOfKey).join(" "),
      e.excluded.map(textOfKey).join(" "),
    ]);
  }
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
    const comment =
      e.expires_at !== null && new Date(e.expires_at) <= now ? `# expired ${e.expires_at}: ` : e.targets.length === 0 ? "# nobody: " : "";
    yield `${comment}${textOfKey(e.address)} ${e.targets.map(textOfKey).join(", ")}\n`;
  }
}
