/** The heartbeat: says that this worker still has the attempts it has had for a while, and ends those that outlive their deadline. */
import type { WorkerId } from "@dueline/contracts/Ids"
import type { Backlog } from "@dueline/contracts/ports/Backlog"
import { Clock, Effect } from "effect"
import type { ExecutionSlots } from "./ExecutionSlots.ts"
import type { Job } from "./Job.ts"

export interface LeaseOptions {
  readonly worker: WorkerId
  readonly heartbeatMs: number
  /** How long a lease lasts from each heartbeat. */
  readonly leaseMs: number
}

/** Younger ones still have the lease they were started with; most attempts end before they are old enough to cost anything here. */
const oldEnough = (slots: ExecutionSlots, now: number, heartbeatMs: number): ReadonlyArray<Job> => {
  const held: Array<Job> = []
  for (const job of slots.jobs) {
    if (now - job.takenAt < heartbeatMs) break
    if (now >= job.intent.deadlineAt) slots.expire(job)
    held.push(job)
  }
  return held
}

/** The store does not say which leases it extended. One that was still running when the answer came cannot have been taken before. */
const extended = (held: ReadonlyArray<Job>, until: number) =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    for (const job of held) if (now < job.leaseUntil) job.leaseUntil = until
  })

/** Runs until interrupted. A heartbeat that the store does not take is let go: the next one follows before the lease ends. */
export const keepLeases = (
  slots: ExecutionSlots,
  backlog: Backlog["Service"],
  options: LeaseOptions
): Effect.Effect<never> => {
  const { heartbeatMs, leaseMs, worker } = options
  const beat = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const held = oldEnough(slots, now, heartbeatMs)
    const until = now + leaseMs
    const holdings = held.map(({ intent: { callId, epoch, tenantId } }) => ({ tenantId, callId, epoch }))
    return held.length === 0
      ? Effect.void
      : backlog.extend({ worker, holdings, until }).pipe(
          Effect.andThen(extended(held, until)),
          Effect.catchTag("StoreUnavailable", (error) => Effect.logDebug("heartbeat not stored", error.operation)),
          Effect.timeoutOption(heartbeatMs)
        )
  })
  return Effect.forever(Effect.andThen(Effect.sleep(heartbeatMs), beat))
}
