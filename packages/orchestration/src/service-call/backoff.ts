/** When the next attempt is due: pure arithmetic over the policy, the dice the command brought, and what the target asked for. */
import type { RetryPolicy } from "@dueline/contracts/serviceCall/Spec"

/** A target may not put us off for longer than this, in milliseconds. */
export const retryAfterLimitMs = 86_400_000

/**
 * Milliseconds from now to the attempt after `attempt` (1 for the first). `roll` is in [0, 1). Exponential with a cap, spread by the
 * policy's jitter to both sides; after a `Retry-After` the spread goes only upwards, so that nobody comes early and not all at once.
 */
export const backoffMs = (policy: RetryPolicy, attempt: number, roll: number, retryAfterMs: number | null): number => {
  const exponential = Math.min(policy.maxDelayMs, policy.initialDelayMs * policy.multiplier ** (attempt - 1))
  const delay = Math.max(0, exponential * (1 + policy.jitter * (2 * roll - 1)))
  if (retryAfterMs === null) return Math.round(delay)
  const asked = Math.min(Math.max(0, retryAfterMs), retryAfterLimitMs) + exponential * policy.jitter * roll
  return Math.ceil(Math.max(delay, asked))
}
