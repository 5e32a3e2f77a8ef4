/** Shapes that say the same as the colours, and an icon for each kind: paths in a box of 16 × 16, drawn alike on the page and in exported files. */
import type { ExplainedKind, ExplainedLeaf } from "./explanation.ts";

/** `delivers`; `aside`: no copy by this way, and nothing is wrong; `waits`: held, or a matter of time; `deadEnd`: mail by this way reaches nobody. */
export type Tone = "delivers" | "aside" | "waits" | "deadEnd";

export const TONES: readonly Tone[] = ["delivers", "aside", "waits", "deadEnd"];

export function toneOf({ state, code }: ExplainedLeaf): Tone {
  if (state === "delivers") return "delivers";
  if (state === "held") return "waits";
  return code < 300 ? "aside" : code < 500 ? "waits" : "deadEnd";
}

/** A tick in a circle, an empty circle, two bars in a square, a cross. */
export const TONE_SHAPES: Readonly<Record<Tone, string>> = {
  delivers: "M8 1.5a6.5 6.5 0 1 0 .01 0M4.8 8.2l2.3 2.3 4.2-4.6",
  aside: "M8 3.5a4.5 4.5 0 1 0 .01 0",
  waits: "M2 2h12v12H2zM6 5v6M10 5v6",
  deadEnd: "M3 3l10 10M13 3L3 13",
};

export const KIND_ICONS: Readonly<Record<ExplainedKind, string>> = {
  alias: "M2 8h11M9 4l4 4-4 4", // an arrow
  list: "M6 4h8M6 8h8M6 12h8M2 4h1M2 8h1M2 12h1", // lines with bullets
  person: "M8 2a3 3 0 1 0 .01 0M2.5 14.5c0-3.5 2.2-5 5.5-5s5.5 1.5 5.5 5", // head and shoulders
  group: "M5.5 3a2.5 2.5 0 1 0 .01 0M1 13.5c0-3 1.6-4.2 4.5-4.2s4.5 1.2 4.5 4.2M11 4a2 2 0 1 1 0 4M12 9.5c2 .3 3 1.5 3 4", // two of them
  passed: "M3 4l4 4-4 4M8.5 4l4 4-4 4", // two chevrons
  mailbox: "M1.5 3.5h13v9h-13zM1.5 4l6.5 5 6.5-5", // an envelope
  unknown: "M5.5 5.5a2.5 2.5 0 1 1 3.6 2.2c-.8.4-1.1.9-1.1 1.8M8 12.5v.5", // a question mark
  expired: "M8 1.5a6.5 6.5 0 1 0 .01 0M8 4.5v4l2.5 1.5", // a clock
  off: "M8 1.5v6M4.5 4a5.5 5.5 0 1 0 7 0", // a power switch
  bad: "M8 2v8M8 13v.5", // an exclamation mark
  unasked: "M3 8h.5M8 8h.5M13 8h.5", // three dots
};
