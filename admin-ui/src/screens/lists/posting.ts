/** Who may post, from the most open to the most closed, as the API has it. */
export const POSTING = ["anyone", "campus", "members", "named", "owners", "moderated"] as const;
export type Posting = (typeof POSTING)[number];
