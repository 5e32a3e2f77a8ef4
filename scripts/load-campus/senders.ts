/** Who writes to whom. */
import type { Campus, Person } from "./directory.ts";
import type { Recipient } from "./message-rows.ts";
import { someName } from "./names.ts";
import type { Random } from "./random.ts";

export type Sender = { readonly reversePath: string | null; readonly authenticatedAs: string | null; readonly host: string };

const HOSTS = [
  "mail-yw1.gmail.example",
  "am0pr04.outbound.outlook.example",
  "smtp.partner-uni.example",
  "bulk.newsletter.example",
  "relay.publisher.example",
  "mx.funding-agency.example",
] as const;

/** One in eight signed in, one in fifteen has the null reverse-path. */
export function someSender(random: Random, campus: Campus): Sender {
  if (random.chance(0.12)) {
    const { address } = random.pickSkewed(campus.people);
    return { reversePath: address, authenticatedAs: address.slice(0, address.indexOf("@")), host: `pc${random.digits(4)}.campus.example` };
  }
  const host = random.pick(HOSTS);
  const { first, last } = someName(random);
  const domain = host.slice(host.indexOf(".") + 1);
  return { reversePath: random.chance(0.07) ? null : `${first}.${last}@${domain}`, authenticatedAs: null, host };
}

/** Mostly one person, sometimes a few, now and then a list. */
export function someRecipients(random: Random, campus: Campus): Recipient[] {
  if (campus.lists.length > 0 && random.chance(0.03)) {
    const { address, members } = random.pickSkewed(campus.lists);
    return members.map((member) => copyTo(member, address));
  }
  const count = random.chance(0.9) ? 1 : random.between(2, 5);
  const people = Array.from({ length: count }, () => random.pickSkewed(campus.people));
  return [...new Set(people)].map(personal);
}

export const personal = ({ address, mailbox }: Person): Recipient => ({
  original: address,
  final: mailbox,
  path: [address, mailbox],
  list: null,
});

const copyTo = ({ address, mailbox }: Person, list: string): Recipient => ({
  original: list,
  final: mailbox,
  path: [list, address, mailbox],
  list,
});
