import type { Verdict } from "../mail/verdict.ts";
import type { ClaimedRecipient } from "./claim.ts";
import type { QueueSettings } from "./settings.ts";

/** What follows a deferral: another attempt after so many seconds, or the end by age. */
export type NextStep = { readonly kind: "retry"; readonly afterSeconds: number } | { readonly kind: "expired" };

/** ± this share of each wait, so that what failed together does not come back together. */
const JITTER = 0.2;
/** Our own trouble is looked at again soon and never grows the wait: when the database or the directory is back, mail flows. */
const LOCAL_RETRY_SECONDS = 60;
/** No age alone expires a recipient: that many attempts must have failed at the other side, or a clock that jumped would bounce mail. */
const FAILURES_BEFORE_EXPIRY = 10;

/**
 * RFC 5321 §4.5.4.1. `now` by the database's clock, `random` in [0, 1). Trouble of ours (scope "local") neither counts
 * as a failure nor lets a recipient expire.
 */
export function nextStep(
  recipient: Pick<ClaimedRecipient, "failures" | "expiresAt">,
  verdict: Extract<Verdict, { kind: "deferred" }>,
  settings: Pick<QueueSettings, "retrySeconds" | "lifetimeSeconds">,
  now: Date,
  random: number,
): NextStep {
  if (verdict.scope === "local") return { kind: "retry", afterSeconds: jittered(LOCAL_RETRY_SECONDS, random) };
  const failures = recipient.failures + 1;
  if (now >= recipient.expiresAt && failures >= failuresBeforeExpiry(settings)) return { kind: "expired" };
  const steps = settings.retrySeconds;
  const wait = steps[Math.min(failures, steps.length) - 1] ?? LOCAL_RETRY_SECONDS;
  return { kind: "retry", afterSeconds: jittered(wait, random) };
}

/** Ten, or as many as fit in half of a short lifetime. */
function failuresBeforeExpiry({ retrySeconds, lifetimeSeconds }: Pick<QueueSettings, "retrySeconds" | "lifetimeSeconds">): number {
  let elapsed = 0;
  for (let failures = 1; failures < FAILURES_BEFORE_EXPIRY; failures++) {
    elapsed += retrySeconds[Math.min(failures, retrySeconds.length) - 1] ?? 0;
    if (elapsed > lifetimeSeconds / 2) return failures;
  }
  return FAILURES_BEFORE_EXPIRY;
}

const jittered = (seconds: number, random: number): number => seconds * (1 - JITTER + 2 * JITTER * random);
