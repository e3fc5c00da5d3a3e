/** The heartbeat: says that this worker still has the attempts it has had for a while, and ends those that outlive their deadline. */
import type { WorkerId } from "@dueline/contracts/Ids"
import type { Backlog, Holding } from "@dueline/contracts/ports/Backlog"
import { Clock, Effect } from "effect"
import type { ExecutionSlots } from "./ExecutionSlots.ts"

export interface LeaseOptions {
  readonly worker: WorkerId
  readonly heartbeatMs: number
  /** How long a lease lasts from each heartbeat. */
  readonly leaseMs: number
}

/** Younger ones still have the lease they were started with; most attempts end before they are old enough to cost anything here. */
const oldEnough = (slots: ExecutionSlots, now: number, heartbeatMs: number): ReadonlyArray<Holding> => {
  const holdings: Array<Holding> = []
  for (const job of slots.jobs) {
    if (now - job.takenAt < heartbeatMs) break
    if (now >= job.intent.deadlineAt) slots.expire(job)
    const { callId, epoch, tenantId } = job.intent
    holdings.push({ tenantId, callId, epoch })
  }
  return holdings
}

/** Runs until interrupted. A heartbeat that the store does not take is let go: the next one follows before the lease ends. */
export const keepLeases = (slots: ExecutionSlots, backlog: Backlog["Service"], options: LeaseOptions): Effect.Effect<never> => {
  const { heartbeatMs, leaseMs, worker } = options
  const beat = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const holdings = oldEnough(slots, now, heartbeatMs)
    return holdings.length === 0 ? Effect.void : backlog.extend({ worker, holdings, until: now + leaseMs }).pipe(
      Effect.catchTag("StoreUnavailable", (error) => Effect.logDebug("heartbeat not stored", error.operation)),
      Effect.timeoutOption(heartbeatMs)
    )
  })
  return Effect.forever(Effect.andThen(Effect.sleep(heartbeatMs), beat))
}
