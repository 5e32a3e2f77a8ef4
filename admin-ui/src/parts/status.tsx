import { Badge } from "@mantine/core";
import type { ReactNode } from "react";

/** How good something is: told by a sign and the words, the colour only helps. */
export type Tone = "good" | "warn" | "bad" | "note" | "quiet";

const SIGNS: Readonly<Record<Tone, string>> = { good: "●", warn: "▲", bad: "✕", note: "◆", quiet: "○" };

/** One word on the state of something. */
export function Status({ tone, children }: { readonly tone: Tone; readonly children: ReactNode }) {
  return (
    <Badge
      className="status"
      data-tone={tone}
      variant="default"
      radius="sm"
      tt="none"
      leftSection={
        <span className="status-sign" aria-hidden="true">
          {SIGNS[tone]}
        </span>
      }
    >
      {children}
    </Badge>
  );
}
