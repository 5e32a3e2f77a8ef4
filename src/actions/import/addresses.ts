/** Addresses as they stand in files: split, completed with a domain, made canonical, or a problem with a suggestion. */
import { atOurs, canBeOurLocalPart, type Mailbox } from "../../mail/mailbox.ts";
import { LOCAL_PART_HINT, quoted, readMailbox } from "../address.ts";
import type { Problem } from "./record.ts";

/** What the file's addresses are read against: the domains that are ours, and the domain of names written without one. */
export type AddressRules = {
  readonly ours: ReadonlySet<string>;
  readonly domain: string | null;
  /** Whose entries the file may speak of; undefined: all of ours. Targets may be anywhere. */
  readonly within?: ReadonlySet<string> | undefined;
  /** The file came from outside: what it names of this machine's files is not read. */
  readonly isUpload?: boolean | undefined;
};

/** Whether the file may speak of entries in this domain. */
export const isOurs = ({ ours, within }: AddressRules, domain: string): boolean => (within ?? ours).has(domain) && ours.has(domain);

/** Why it may not; where somebody may change a part of ours alone, nobody tells which of the others are ours. */
export const notOurs = ({ within }: AddressRules, domain: string): Problem =>
  within === undefined
    ? { reason: `${domain} is not one of our domains`, fix: `mailroom domain add ${domain}, or take the row out` }
    : { reason: `${domain} is not one of your domains`, fix: "take the row out, or ask somebody who runs this server" };

/** More targets than this in one row is no list but a mistake: the widest a list may be allowed. */
export const MOST_TARGETS = 100_000;

/** Splits `a@x b@x; "c d"@x,e@x` at blanks, semicolons and commas outside of quotes. */
export function splitAddresses(text: string): string[] {
  return text.match(/(?:"[^"\\]*(?:\\.[^"\\]*)*"|[^\s;,"]+)+|"/g) ?? []; // no part can match in two ways: linear however long the cell
}

/** A mailbox in its canonical form, or what is wrong with it. `what` is "address", "target" or "owner". */
export function importedMailbox(text: string, what: string, rules: AddressRules): Mailbox | Problem {
  const full = completed(text, rules);
  const mailbox = readMailbox(full);
  if (typeof mailbox === "string") return { reason: `${what} ${quoted(text)}: ${mailbox}`, fix: suggestion(text, full) };
  return rules.ours.has(mailbox.domain) ? atOurs(mailbox) : mailbox;
}

/** The same for an address that must be one of ours. */
export function importedAddress(text: string, rules: AddressRules): Mailbox | Problem {
  const mailbox = importedMailbox(text, "address", rules);
  if (!isMailbox(mailbox)) return mailbox;
  if (isOurs(rules, mailbox.domain)) {
    if (canBeOurLocalPart(mailbox.localPart)) return mailbox;
    return { reason: `address ${quoted(text)} cannot be one of ours`, fix: LOCAL_PART_HINT };
  }
  return notOurs(rules, mailbox.domain);
}

export const isMailbox = (value: Mailbox | Problem): value is Mailbox => "key" in value;

/** All of them, each once; or the first problem, which names the whole cell they were split from: `ann lee@x` is one address with a blank to its author. */
export function importedTargets(texts: readonly string[], rules: AddressRules, cell: string): readonly Mailbox[] | Problem {
  if (texts.length > MOST_TARGETS)
    return { reason: `${texts.length} targets; at most ${MOST_TARGETS} are allowed`, fix: "split it into several lists" };
  const targets = new Map<string, Mailbox>();
  for (const text of texts) {
    const target = importedMailbox(text, "target", rules);
    if (!isMailbox(target)) return cell.trim() === text ? target : { ...target, reason: `${target.reason} (in ${quoted(cell.trim())})` };
    targets.set(target.key, target);
  }
  return [...targets.values()];
}

const completed = (text: string, rules: AddressRules): string =>
  rules.domain !== null && !text.includes("@") ? `${text}@${rules.domain}` : text;

/** What was probably meant: tried, so that the suggestion itself is an address. */
function suggestion(text: string, full: string): string {
  if (!text.includes("@")) return `write ${text === "" ? "name" : text.slice(0, 60)}@domain, or name the domain with --domain`;
  const attempts = [
    /<([^<>]*)>/.exec(full)?.[1],
    full.replace(/^mailto:/i, ""),
    full.replace(/\.+$/, ""),
    full.replace(/[<>()[\]'"\s\p{Cc}\p{Cf}]/gu, ""),
    full.replace(/\.{2,}/g, ".").replace(/\.@/, "@"),
  ];
  const good = attempts.find((attempt) => attempt !== undefined && attempt !== full && typeof readMailbox(attempt) !== "string");
  return good === undefined ? "write it as name@domain" : `write ${good}`;
}
