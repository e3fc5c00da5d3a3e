/**
 * Publishes claimed outbox entries, tenants beside each other. Entries of one tenant leave in the order of their positions, several at a
 * time, yet never two of one stream at once: whatever happens to a publication, a stream stays in order. Within a tenant an entry that
 * got no answer may be overtaken by those of other streams that had left before that was known, or that a probe took; one that was refused,
 * by all that its retry does not hold up. Knows nothing of the outbox.
 *
 * While the bus is away nothing leaves but one probe after another, ever more slowly, and no entry is charged for it.
 */
import { backoff } from "@dueline/contracts/backoff"
import type { EventBus } from "@dueline/contracts/ports/EventBus"
import type { OutboxEntry, Settlement } from "@dueline/contracts/ports/Outbox"
import { Effect, FiberSet } from "effect"
import { afterFailure, attempt, type Outcome, type Patience } from "./attempt.ts"
import { BusHealth } from "./BusHealth.ts"
import { Claimed } from "./Claimed.ts"
import { streamOf, TenantLane } from "./TenantLane.ts"

export interface Rules extends Patience {
  /** Publications of one tenant that may be on their way at once. */
  readonly window: number
  /** Asked before every publication. Once it says no, nothing more is published. */
  readonly mayPublish: () => boolean
}

/** Of what could leave, that which had no answer least often, so that one entry that never gets any does not stand for the bus. */
const probeOf = (lanes: Iterable<TenantLane>, health: BusHealth) => {
  const ready = [...lanes].flatMap((lane) => lane.ready().map((entry) => ({ lane, entry })))
  const misses = ready.map(({ entry }) => health.missesOf(entry.position))
  return ready[misses.indexOf(Math.min(...misses))]
}

/** Lanes that end with the scope. `onSettled` is called after every outcome, when `claimed` already has it. */
export const makeTenantLanes = Effect.fnUntraced(function* (
  bus: EventBus["Service"],
  rules: Rules,
  onSettled: () => void
) {
  const fork = yield* FiberSet.makeRuntime<never>()
  const health = new BusHealth()
  const claimed = new Claimed()
  const lanes = new Map<string, TenantLane>()
  const pumping = new Set<TenantLane>()
  let probing = false

  const conclude = (lane: TenantLane, settlement: Settlement): void => {
    const { _tag, entry } = settlement
    // What stands behind a failed entry of its stream comes again with it.
    for (const behind of _tag === "Failed" ? lane.letGo(streamOf(entry)) : []) {
      claimed.drop(behind)
      health.forget(behind.position)
    }
    lane.arrived(entry)
    claimed.conclude(settlement)
    onSettled()
  }

  const judge = Effect.fnUntraced(function* (lane: TenantLane, entry: OutboxEntry, outcome: Outcome) {
    if (outcome._tag === "Unanswered") {
      const { blamed, leaves } = health.unanswered(entry.position)
      if (leaves) yield* holdOn(outcome.error)
      if (!blamed) return lane.returned(entry)
    } else if (health.answered(entry.position)) yield* goOn
    const delivered = outcome._tag === "Delivered"
    conclude(lane, delivered ? { _tag: "Delivered", entry } : yield* afterFailure(entry, outcome.error, rules))
  })

  const publish = (lane: TenantLane, entry: OutboxEntry) =>
    attempt(bus, entry).pipe(
      Effect.flatMap((outcome) => judge(lane, entry, outcome)),
      Effect.andThen(Effect.sync(() => pump(lane)))
    )

  /** Sends what may leave now. A publication may be over before its fiber is out of hand, hence the guard. */
  const pump = (lane: TenantLane): void => {
    if (pumping.has(lane)) return
    pumping.add(lane)
    while (!health.away && rules.mayPublish()) {
      const entry = lane.next()
      if (entry === undefined) break
      fork(publish(lane, entry))
    }
    pumping.delete(lane)
    if (lane.empty && lanes.get(lane.tenantId) === lane) lanes.delete(lane.tenantId)
  }

  const probe = Effect.gen(function* () {
    for (let step = 1; health.away; step += 1) {
      yield* Effect.sleep(yield* backoff(rules.backoff, step))
      const found = probeOf(lanes.values(), health)
      if (health.away && found !== undefined && rules.mayPublish())
        yield* publish(found.lane, found.lane.send(found.entry))
    }
    probing = false
  })

  const holdOn = (error: string) =>
    Effect.suspend(() => {
      if (!probing) fork(probe)
      probing = true
      return Effect.annotateLogs(Effect.logWarning("the bus does not answer: publishing waits for it"), { error })
    })

  const goOn = Effect.suspend(() => {
    for (const lane of lanes.values()) pump(lane)
    return Effect.logInfo("the bus answers again")
  })

  /** Puts a claimed entry into its tenant's lane, unless it is on its way already or has to wait behind a failure. */
  const take = (entry: OutboxEntry): void => {
    if (!claimed.take(entry)) return
    const lane = lanes.get(entry.tenantId) ?? new TenantLane(entry.tenantId, rules.window)
    lanes.set(entry.tenantId, lane)
    lane.add(entry)
    pump(lane)
  }

  return { claimed, take }
})
