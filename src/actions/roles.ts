/** Who answers the addresses that strangers expect every domain to have. */
import type { Directory } from "../directory/directory.ts";
import { type Mailbox, mailboxOfKey } from "../mail/mailbox.ts";
import { type ExplainDirectory, explain } from "../resolve/explain.ts";
import type { Limits } from "../resolve/limits.ts";
import { domainOf } from "./address.ts";
import { Refusal } from "./refusal.ts";

/** RFC 2142 §4 and §5, in the order in which trouble without them is worse. RFC 5321 §4.5.1 wants postmaster, abuse desks want abuse. */
const ROLES = ["postmaster", "abuse", "security", "hostmaster", "webmaster", "noc"] as const;

/** `answered`: somebody gets the mail. `fallback`: postmaster without an entry, whose mail goes to whom the settings name, or is held. */
export type RoleState = "answered" | "fallback" | "discarded" | "empty" | "unavailable";

export type RoleView = {
  readonly role: string;
  readonly address: string;
  readonly state: RoleState;
  /** Final recipients, ten at most. */
  readonly answered_by: readonly string[];
  /** What RCPT answers. */
  readonly reply: string;
};

/** Asks the resolver for each role of one of our domains. `postmaster`: whom the settings name for mail nobody answers; null: it is held. */
export async function roleCoverage(
  directory: ExplainDirectory & Pick<Directory, "domain">,
  name: string,
  options: { readonly limits: Limits; readonly postmaster: Mailbox | null },
): Promise<readonly RoleView[]> {
  const domain = domainOf(name);
  const known = await directory.domain(domain);
  if (known.kind === "unavailable") throw known.cause;
  if (known.kind === "absent") throw new Refusal("notFound", `${domain} is not one of our domains`, "To see them: mailroom domain list");
  const views: RoleView[] = [];
  for (const role of ROLES) views.push(await roleView(directory, role, domain, options));
  return views;
}

async function roleView(
  directory: ExplainDirectory,
  role: (typeof ROLES)[number],
  domain: string,
  { limits, postmaster }: { readonly limits: Limits; readonly postmaster: Mailbox | null },
): Promise<RoleView> {
  const address = mailboxOfKey(`${role}@${domain}`);
  if (!address.ok) throw new Refusal("badData", `${domain} is too long for ${role}@`, null);
  const { verdict, hops, leaves } = await explain(directory, address.mailbox, undefined, { limits, postmaster });
  const reached = leaves.filter(({ state }) => state === "delivers" || state === "held").flatMap(({ final_recipient: to }) => to ?? []);
  const answered = [...new Set(reached)].slice(0, 10);
  const view = { role, address: address.mailbox.key, reply: `${verdict.code} ${verdict.enhanced_status} ${verdict.text}` };
  if (hops.some(({ reason }) => reason === "postmaster")) return { ...view, state: "fallback", answered_by: answered };
  if (leaves.every(({ state, final_recipient: to }) => state === "held" && to === view.address))
    return { ...view, state: "fallback", answered_by: [] };
  if (answered.length > 0) return { ...view, state: "answered", answered_by: answered };
  if (verdict.code >= 400 && verdict.code < 500) return { ...view, state: "unavailable", answered_by: [] };
  return { ...view, state: verdict.code === 250 ? "discarded" : "empty", answered_by: [] };
}

/** As that of explain: 0 each is answered (postmaster by the settings too), 1 something is unavailable now, 2 somebody gets no answer. */
export function coverageExit(views: readonly RoleView[]): 0 | 1 | 2 {
  const isAnswered = ({ state, answered_by }: RoleView) => state === "answered" || (state === "fallback" && answered_by.length > 0);
  if (views.some((view) => !isAnswered(view) && view.state !== "unavailable")) return 2;
  return views.every(isAnswered) ? 0 : 1;
}
