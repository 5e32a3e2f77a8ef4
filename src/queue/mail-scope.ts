/** How far somebody sees into the queue and the trace: the scope of actions/scope.ts, on mail. Always part of the statement itself. */

/** Everything, or mail that touches one of these domains, or that these mailboxes sent or got. `owners`: as the queue writes addresses. */
export type MailScope = { readonly everything: boolean; readonly domains: readonly string[]; readonly owners: readonly string[] };

/** For whoever looks at all of it. @internal */
export const ALL_MAIL: MailScope = { everything: true, domains: [], owners: [] };

/** The three parameters of the conditions below. */
export const mailScopeValues = ({ everything, domains, owners }: MailScope): readonly unknown[] => [everything, domains, owners];

const domainOf = (column: string): string => `lower(split_part(${column}, '@', -1))`;

const within = (column: string, first: number): string =>
  `${domainOf(column)} = any($${first + 1}::text[]) or ${column} = any($${first + 2}::text[])`;

const recipientWithin = (alias: string, first: number): string =>
  `${within(`${alias}.final_recipient`, first)} or ${within(`${alias}.original_recipient`, first)}`;

/** On a row of queued_recipients: its own copy is theirs. The sender counts by the message's reverse-path, which the copy mostly has too. */
export const copyInScope = (alias: string, first: number): string =>
  `($${first}::boolean or ${recipientWithin(alias, first)} or ${within(`${alias}.reverse_path`, first)})`;

/** On a row of messages: its sender or any of its recipients, waiting or gone. */
export const messageInScope = (alias: string, first: number): string =>
  `($${first}::boolean or ${within(`${alias}.reverse_path`, first)}
    or exists (select from deliveries sd where sd.message_id = ${alias}.message_id and (${recipientWithin("sd", first)}))
    or exists (select from queued_recipients sq where sq.message_id = ${alias}.message_id and (${recipientWithin("sq", first)})))`;

/** True: this address is theirs, so that they may read it. */
export function seesAddress({ everything, domains, owners }: MailScope, address: string | null): boolean {
  if (everything) return true;
  if (address === null) return false;
  return owners.includes(address) || domains.includes(address.slice(address.lastIndexOf("@") + 1).toLowerCase());
}
