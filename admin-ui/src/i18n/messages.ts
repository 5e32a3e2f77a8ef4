import type { en } from "./en.ts";

/** What texts there are; a language that lacks one does not compile. */
export type Key = keyof typeof en;
export type Messages = Readonly<Record<Key, string>>;
