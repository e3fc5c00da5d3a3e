/**
 * The heartbeat: says that this worker still has the attempts it has had for a while, hears which of them are its own still, and ends those
 * that outlive their time.
 */
import type { WorkerId } from "@dueline/contracts/Ids"
import type { Backlog, Extended, Holding } from "@dueline/contracts/ports/Backlog"
import { deadlineGraceMs } from "@dueline/contracts/serviceCall/Spec"
import { Clock, Deferred, Effect } from "effect"
import type { ExecutionSlots } from "./ExecutionSlots.ts"
import type { Job } from "./Job.ts"

export interface LeaseOptions {
  readonly worker: WorkerId
  readonly heartbeatMs: number
  /** How long a lease lasts from each heartbeat. */
  readonly leaseMs: number
}

/** How long an attempt may wait here for a place, and with a place for its connection, before another worker may try, in milliseconds. */
const placeWaitMs = 10_000
const connectionWaitMs = 60_000

/** Wakes the heartbeat before its time: somebody waits to hear that a lease is his still. */
export class HeartbeatBell {
  #rung = false
  #sleeper: Deferred.Deferred<void> | null = null

  ring(): void {
    this.#rung = true
    if (this.#sleeper !== null) Deferred.doneUnsafe(this.#sleeper, Effect.void)
  }

  sleep(millis: number): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#rung) {
        this.#rung = false
        return Effect.void
      }
      const sleeper = Deferred.makeUnsafe<void>()
      this.#sleeper = sleeper
      return Effect.raceFirst(Effect.sleep(millis), Deferred.await(sleeper)).pipe(
        Effect.andThen(
          Effect.sync(() => {
            this.#sleeper = null
            this.#rung = false
          })
        )
      )
    })
  }
}

/**
 * What the heartbeat speaks of. Younger attempts still have the lease they were handed over with, and most end before they are old enough to
 * cost anything here. `passed`: since the last heartbeat, without the time in which this process stood still.
 */
const held = (slots: ExecutionSlots, elapsed: number, passed: number, heartbeatMs: number): ReadonlyArray<Job> => {
  const found: Array<Job> = []
  const [unplaced, unconnected]: [Array<Job>, Array<Job>] = [[], []]
  for (const job of slots.jobs) {
    const age = elapsed - job.takenAt
    if (age < heartbeatMs && job.confirmed === null) continue
    if (job.sentAt !== null) job.onWireMs += Math.min(passed, age)
    if (job.onWireMs >= job.intent.timeoutMs + deadlineGraceMs) slots.expire(job)
    else if (job.stage === "waiting" && age >= placeWaitMs) unplaced.push(job)
    else if (job.stage === "sending" && job.confirmed === null && age >= connectionWaitMs) unconnected.push(job)
    found.push(job)
  }
  for (const job of [...unplaced, ...unconnected]) slots.withdraw(job, "no_capacity")
  return found
}

const holdingOf = ({ intent: { callId, epoch, tenantId } }: Job): Holding => ({ tenantId, callId, epoch })

/** `at`: before the store was asked, in elapsed time. */
const heard = (slots: ExecutionSlots, { gone, renewed }: Extended, at: number): void => {
  for (const holding of renewed) {
    const job = slots.find(holding)
    if (job === undefined) continue
    job.confirmedAt = Math.max(job.confirmedAt, at)
    const { confirmed } = job
    job.confirmed = null
    confirmed?.()
  }
  // Somebody else has decided about them: nothing may leave any more, and whoever gave them up hears that nothing has.
  for (const holding of gone) {
    const job = slots.find(holding)
    if (job !== undefined) slots.withdraw(job, "lease_unconfirmed")
  }
}

/** Runs until interrupted. A heartbeat that the store does not take is let go: the next one follows before the lease ends. */
export const keepLeases = (
  slots: ExecutionSlots,
  backlog: Backlog["Service"],
  bell: HeartbeatBell,
  elapsed: () => number,
  options: LeaseOptions
): Effect.Effect<never> => {
  const { heartbeatMs, leaseMs, worker } = options
  let last = elapsed()
  const beat = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const at = elapsed()
    const holdings = held(slots, at, Math.min(at - last, 2 * heartbeatMs), heartbeatMs).map(holdingOf)
    last = at
    return holdings.length === 0
      ? Effect.void
      : backlog.extend({ worker, holdings, until: now + leaseMs }).pipe(
          Effect.map((extended) => heard(slots, extended, at)),
          Effect.catchTag("StoreUnavailable", (error) => Effect.logDebug("heartbeat not stored", error.operation)),
          Effect.timeoutOption(heartbeatMs)
        )
  })
  return Effect.forever(Effect.andThen(bell.sleep(heartbeatMs), beat))
}
