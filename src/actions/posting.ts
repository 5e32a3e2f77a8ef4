import type { Posting } from "../directory/directory.ts";

/** Who may post to a list, as `--post` and the API take it; "anyone" when nothing is said. */
export const POSTING = ["anyone", "campus", "members", "owners", "named", "moderated"] as const satisfies readonly Posting[];
