/** How a sign is written. */
import type { Sign } from "./tree.ts";

export const SIGN_MARKS: Readonly<Record<Sign, string>> = { same: "", added: "+", removed: "−" };
