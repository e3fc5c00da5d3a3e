/**
 * The heartbeat: renews the leases of attempts that are older than one heartbeat, learns which of them are this worker's still, and ends
 * those that outlive their time.
 */
import type { WorkerId } from "@dueline/contracts/Ids"
import type { Backlog, Extended, Holding } from "@dueline/contracts/ports/Backlog"
import { deadlineGraceMs } from "@dueline/contracts/serviceCall/Spec"
import type { Signal } from "@dueline/contracts/Signal"
import { Clock, Effect } from "effect"
import type { Attempt } from "./Attempt.ts"
import type { ExecutionPool } from "./ExecutionPool.ts"

interface LeaseOptions {
  readonly worker: WorkerId
  readonly heartbeatMs: number
  /** How long a lease lasts from each heartbeat. */
  readonly leaseMs: number
}

/** How long an attempt may wait here for a place, and with a place for its connection, before another worker may try, in milliseconds. */
const placeWaitMs = 10_000
const connectionWaitMs = 60_000

/**
 * The attempts whose leases are renewed. Younger attempts still have the lease they were handed over with, and most end before they are old
 * enough to cost anything here. `passed`: since the last heartbeat, without the time in which this process stood still.
 */
const held = (pool: ExecutionPool, elapsed: number, passed: number, heartbeatMs: number): ReadonlyArray<Attempt> => {
  const found: Array<Attempt> = []
  const [unplaced, unconnected]: [Array<Attempt>, Array<Attempt>] = [[], []]
  for (const attempt of pool.attempts) {
    const age = elapsed - attempt.takenAt
    if (age < heartbeatMs && attempt.confirmed === null) continue
    if (attempt.sentAt !== null) attempt.onWireMs += Math.min(passed, age)
    if (attempt.onWireMs >= attempt.intent.timeoutMs + deadlineGraceMs) pool.expire(attempt)
    else if (attempt.stage === "waiting" && age >= placeWaitMs) unplaced.push(attempt)
    else if (attempt.stage === "sending" && attempt.confirmed === null && age >= connectionWaitMs)
      unconnected.push(attempt)
    found.push(attempt)
  }
  for (const attempt of [...unplaced, ...unconnected]) pool.withdraw(attempt, "no_capacity")
  return found
}

const holdingOf = ({ intent: { callId, epoch, tenantId } }: Attempt): Holding => ({ tenantId, callId, epoch })

/** `at`: before the store was asked, in elapsed time. */
const apply = (pool: ExecutionPool, { gone, renewed }: Extended, at: number): void => {
  for (const holding of renewed) {
    const attempt = pool.find(holding)
    if (attempt === undefined) continue
    attempt.confirmedAt = Math.max(attempt.confirmedAt, at)
    const { confirmed } = attempt
    attempt.confirmed = null
    confirmed?.()
  }
  // Another process has decided about them: nothing may leave any more, and they are handed back as never sent.
  for (const holding of gone) {
    const attempt = pool.find(holding)
    if (attempt !== undefined) pool.withdraw(attempt, "lease_unconfirmed")
  }
}

/**
 * Runs until interrupted. A heartbeat that cannot be stored is dropped: the next one follows before the lease ends. `signal` asks for one
 * at once.
 */
export const keepLeases = (
  pool: ExecutionPool,
  backlog: Backlog["Service"],
  signal: Signal,
  elapsed: () => number,
  options: LeaseOptions
): Effect.Effect<never> => {
  const { heartbeatMs, leaseMs, worker } = options
  let last = elapsed()
  const beat = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const at = elapsed()
    const holdings = held(pool, at, Math.min(at - last, 2 * heartbeatMs), heartbeatMs).map(holdingOf)
    last = at
    return holdings.length === 0
      ? Effect.void
      : backlog.extend({ worker, holdings, until: now + leaseMs }).pipe(
          Effect.map((extended) => apply(pool, extended, at)),
          Effect.catchTag("StoreUnavailable", (error) => Effect.logDebug("heartbeat not stored", error.operation)),
          Effect.timeoutOption(heartbeatMs)
        )
  })
  return Effect.forever(Effect.andThen(signal.wait(heartbeatMs), beat))
}
