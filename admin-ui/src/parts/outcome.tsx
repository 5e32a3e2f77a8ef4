/** What became of mail, in words. */

import { en } from "../i18n/en.ts";
import { useT } from "../i18n/i18n.tsx";
import type { Key } from "../i18n/messages.ts";
import { Status, type Tone } from "./status.tsx";
import { visible } from "./text.tsx";

const TONES: Readonly<Record<string, Tone>> = {
  sent: "good",
  deferred: "warn",
  bounced: "bad",
  expired: "bad",
  discarded: "quiet",
  deleted: "quiet",
  held: "note",
  quarantined: "bad",
  waiting: "quiet",
  active: "note",
  own: "warn",
  untried: "quiet",
};

/** The panel's word; the word of the log on hover. */
export function Outcome({ outcome, count }: { readonly outcome: string; readonly count?: number }) {
  const t = useT();
  const key = `flow.outcome.${outcome}`;
  return (
    <span title={outcome}>
      <Status tone={TONES[outcome] ?? "quiet"}>
        {key in en ? t(key as Key) : visible(outcome)}
        {count !== undefined && count > 1 && ` ${count}`}
      </Status>
    </span>
  );
}

/** A state of a group in the queue. */
export function GroupState({ state }: { readonly state: "quarantined" | "held" | "own" | "deferred" | "untried" }) {
  const t = useT();
  return <Status tone={TONES[state] ?? "quiet"}>{t(`queue.state.${state}`)}</Status>;
}

/** Seconds as people say them. */
export function useSeconds(): (seconds: number | null) => string {
  const t = useT();
  return (seconds) => {
    if (seconds === null) return "–";
    if (seconds < 60) return t("flow.seconds", { value: seconds });
    return seconds < 3600 ? t("flow.minutes", { value: seconds / 60 }) : t("flow.hours", { value: seconds / 3600 });
  };
}
