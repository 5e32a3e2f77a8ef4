import type { Reply } from "./reply.ts";

/** How far a failure reaches: ours alone; the host (ask the next one); the whole message; one recipient. */
export type Scope = "local" | "host" | "message" | "recipient";

/**
 * How one attempt for one recipient ended. `relayed`: the next server (or Maildir) took it. `deferred`: try again;
 * scope "local" never counts towards expiry. `failed`: final, by a 5yz reply or a fault that cannot mend itself.
 * `reply` is what the remote said, or what we say in its place.
 */
export type Verdict =
  | { readonly kind: "relayed"; readonly reply: RemoteReply; readonly relay: string }
  | { readonly kind: "deferred"; readonly scope: Scope; readonly reply: RemoteReply; readonly relay: string | null }
  | { readonly kind: "failed"; readonly scope: Scope; readonly reply: RemoteReply; readonly relay: string | null };

/** A remote's words, or ours where no remote spoke: text is capped, one line, control characters removed. */
export type RemoteReply = Reply;
