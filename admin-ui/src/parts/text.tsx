/** Text that came from outside, shown so that it cannot pretend to be something else. */
import { Tooltip } from "@mantine/core";
import { Fragment } from "react";
import { useI18n } from "../i18n/i18n.tsx";

/** Controls that turn the direction of writing, and all others, as what they are: `⟨U+202E⟩`. */
export const visible = (text: string): string =>
  text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (sign) => `⟨U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`);

/** An address or a domain, broken after its `@` or a dot where it must be. */
export function Address({ children }: { readonly children: string }) {
  const parts = visible(children).split(/(?<=[@.])(?=[^@.])/);
  return (
    <bdi className="address">
      {parts.map((part, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a text is always the same parts in the same order
        <Fragment key={i}>
          {i > 0 && <wbr />}
          {part}
        </Fragment>
      ))}
    </bdi>
  );
}

/** A moment in the reader's zone; UTC on hover. */
export function Time({ at, withSeconds = false }: { readonly at: string | null; readonly withSeconds?: boolean }) {
  const { language, t } = useI18n();
  if (at === null) return <>{t("time.never")}</>;
  const moment = new Date(at);
  const text = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: withSeconds ? "medium" : "short" }).format(moment);
  return (
    <Tooltip label={at.slice(0, 19).replace("T", " ").concat(" UTC")} events={{ hover: true, focus: true, touch: true }}>
      <time className="time" dateTime={at}>
        {text}
      </time>
    </Tooltip>
  );
}
