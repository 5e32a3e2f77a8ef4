/** What an address at our domains may mean, before any entry is asked for. */
import type { Domain } from "../directory/directory.ts";
import { filterOf } from "../directory/filter-address.ts";
import { type Mailbox, mailboxOfKey } from "../mail/mailbox.ts";
import { listsAnsweredFor } from "./generated.ts";
import type { HopReason } from "./resolution.ts";

export type Domains = ReadonlyMap<string, Domain>;

export type Step = { readonly to: Mailbox; readonly reason: HopReason };

/**
 * An entry that would answer for the address, and the way to it. `ofList`: it counts only if it is a list, and the address is one that the
 * list has by itself: its bounce address, or one that leads to its owner.
 */
export type Candidate = { readonly entry: Mailbox; readonly way: readonly Step[]; readonly ofList: "bounces" | "listOwner" | null };

/** In the order in which they are taken. `otherwise`: where mail goes when none of them has an entry, null: nowhere. */
export type Meanings = { readonly candidates: readonly Candidate[]; readonly otherwise: readonly Step[] | null };

/**
 * First the exact address, then without its `+tag`, then the list whose own address it is (bounces, owner, request); the same again in the domain that this one
 * is an alias of; last the catch-all. An alias domain's own catch-all has no effect: there every local part means something elsewhere.
 */
export function meaningsOf(address: Mailbox, domains: Domains): Meanings {
  if (filterOf(address) !== null) return { candidates: [{ entry: address, way: [], ofList: null }], otherwise: null };
  const candidates: Candidate[] = [];
  const passed: string[] = [];
  let way: readonly Step[] = [];
  let at = address;
  for (;;) {
    const domain = domains.get(at.domain);
    if (domain === undefined) return { candidates, otherwise: way }; // an alias of a domain that is not ours
    candidates.push(...candidatesAt(at, domain, way));
    if (domain.aliasOf === null) {
      return { candidates, otherwise: domain.catchAll === null ? null : [...way, { to: domain.catchAll, reason: "catchAll" }] };
    }
    passed.push(at.domain);
    const same = passed.includes(domain.aliasOf) ? null : mailboxAt(at.localPart, domain.aliasOf);
    if (same === null) return { candidates, otherwise: null }; // domains that are aliases of each other, or a name too long
    at = same;
    way = [...way, { to: at, reason: "domainAlias" }];
  }
}

function candidatesAt(at: Mailbox, domain: Domain, way: readonly Step[]): Candidate[] {
  const candidates: Candidate[] = [{ entry: at, way, ofList: null }];
  const plus = domain.subaddressing ? at.localPart.indexOf("+") : -1;
  const base = plus > 0 ? mailboxAt(at.localPart.slice(0, plus), at.domain) : null;
  if (base !== null) candidates.push({ entry: base, way: [...way, { to: base, reason: "subaddress" }], ofList: null });
  for (const { localPart, ofList } of listsAnsweredFor(at.localPart)) {
    const list = mailboxAt(localPart, at.domain);
    if (list !== null) candidates.push({ entry: list, way, ofList });
  }
  return candidates;
}

/** Null: no mailbox can be called that. */
function mailboxAt(localPart: string, domain: string): Mailbox | null {
  const parsed = mailboxOfKey(`${localPart}@${domain}`);
  return parsed.ok ? parsed.mailbox : null;
}
