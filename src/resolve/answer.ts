/** What an address of ours comes to in the end, when a postmaster stands behind it. RCPT and explain both ask here. */
import { atOurs, type Mailbox } from "../mail/mailbox.ts";
import { postmasterOf } from "./bounce-mailbox.ts";
import type { FinalRecipient, Resolution } from "./resolution.ts";

type Ask = (mailbox: Mailbox) => Promise<Resolution>;
/** Gets mail to postmaster that nobody answers; null: it is held. */
type Fallback = () => Promise<Mailbox | null>;

/** `meant`: whose mail it is; another than the asked mailbox when a postmaster answers for it. */
export type Answered = { readonly meant: Mailbox; readonly resolution: Resolution };

/** `isBounce`: the mail has the null reverse-path. */
export async function answerOf(ask: Ask, mailbox: Mailbox, isBounce: boolean, fallback: Fallback): Promise<Answered> {
  const postmaster = postmasterOf(mailbox.domain);
  if (atOurs(mailbox).key === postmaster.key) return postmasterAnswer(ask, postmaster, fallback);
  const resolution = await ask(mailbox);
  // What a list has by itself finds somebody, the list's owner or not; the bounce address takes nothing but bounces.
  const ofList = resolution.kind === "absent" ? resolution.ofList : undefined;
  if (ofList !== undefined && (ofList.as === "listOwner" || isBounce))
    return postmasterAnswer(ask, postmasterOf(ofList.asked.domain), fallback);
  return { meant: mailbox, resolution };
}

/** RFC 5321 §4.5.1: mail to postmaster is always taken. Whoever answers it is asked first; what nobody answers goes to the fallback, or is held. */
export async function postmasterAnswer(ask: Ask, meant: Mailbox, fallback: Fallback): Promise<Answered> {
  const resolution = await ask(meant);
  if (resolution.kind === "unavailable" || (resolution.kind === "expanded" && resolution.recipients.length > 0))
    return { meant, resolution };
  const to = await fallback();
  const recipient = to === null ? only(meant, [meant.key], `nobody answers ${meant.key}`) : only(to, [meant.key, to.key]);
  return { meant, resolution: { kind: "expanded", recipients: [recipient], deadEnds: [], posts: [], withoutOwnCopy: [] } };
}

/** `mailbox` alone, reached by `path`; `held` for an admin. */
export const only = (mailbox: Mailbox, path: readonly string[], held: string | null = null): FinalRecipient => ({
  mailbox,
  paths: [path],
  morePaths: 0,
  list: null,
  held: held === null ? null : { reason: held, by: null },
});
