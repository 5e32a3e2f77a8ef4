/** What we write about forwarding. None of it is the requester's own text, so that nobody writes to strangers through us. */
import { mailboxText } from "../../mail/mailbox.ts";
import { CONFIRM_PATH, UNDO_PATH } from "./codes.ts";
import type { Letter, Letterbox } from "./own-mail.ts";

const NOBODY_READS = "Nobody reads answers to this message.";
const utc = (moment: Date): string => `${moment.toISOString().slice(0, 16).replace("T", " ")} UTC`;
const domainOf = (address: string): string => address.slice(address.lastIndexOf("@") + 1);

export type Asking = { readonly address: string; readonly code: string; readonly token: string; readonly endsAt: Date };

/** To the target: the proof that whoever asked reads it. `publicUrl` null: people reach no page of ours from outside, so there is no link. */
export function codeLetter(letterbox: Letterbox, { address, code, token, endsAt }: Asking, publicUrl: string | null): Letter {
  const link =
    publicUrl === null ? [] : ["or open this page and press the button there:", "", `    ${publicUrl}${CONFIRM_PATH}${token}`, ""];
  return {
    letterbox,
    domain: domainOf(address),
    subject: `Code to forward mail of ${address}`,
    lines: [
      `Whoever signed in as ${address} asked that mail for this address`,
      `be forwarded to you, ${mailboxText(letterbox.to)}.`,
      "",
      "If that was you, type this code where you asked:",
      "",
      `    ${code}`,
      "",
      ...link,
      `It works until ${utc(endsAt)}, once.`,
      "",
      `If you have nothing to do with ${address}, do nothing: then nothing is forwarded.`,
      NOBODY_READS,
    ],
  };
}

export type Forwarded = {
  readonly address: string;
  readonly target: string;
  readonly keepCopy: boolean;
  readonly token: string;
  readonly undoUntil: Date;
};

/** To where mail went before. The campus mailbox is the person's, and learns the new target; the old target may be somebody else's by now. */
export function changedLetter(letterbox: Letterbox, isCampus: boolean, forwarded: Forwarded, publicUrl: string | null): Letter {
  const { address, target, keepCopy, token, undoUntil } = forwarded;
  const undo =
    publicUrl === null
      ? ["If you did not want this, tell the mail administration at once."]
      : [
          "If you did not want this, open this page and press the button there:",
          "everything is then as it was before, and whoever is signed in is signed out.",
          "",
          `    ${publicUrl}${UNDO_PATH}${token}`,
          "",
          `It works until ${utc(undoUntil)}.`,
        ];
  return {
    letterbox,
    domain: domainOf(address),
    subject: `Mail for ${address} goes elsewhere now`,
    lines: [
      ...(isCampus
        ? [
            `From now on mail for ${address} is forwarded to`,
            `${target}.`,
            keepCopy ? "A copy of it still comes here." : "No copy of it comes here any more.",
          ]
        : [`From now on mail for ${address} is not forwarded to this mailbox any more.`]),
      "",
      ...undo,
      NOBODY_READS,
    ],
  };
}

/** To where mail went, and to where it goes again. */
export const undoneLetter = (letterbox: Letterbox, address: string): Letter => ({
  letterbox,
  domain: domainOf(address),
  subject: `Forwarding of ${address} was undone`,
  lines: [
    `Somebody used the link in our notice: mail for ${address} goes`,
    "again where it went before the change.",
    "",
    "If you did not want this, sign in and set the forwarding again.",
    NOBODY_READS,
  ],
});
