/** Publishes claimed outbox entries: those of one tenant one after the other, tenants beside each other. Knows nothing of the outbox. */
import { backoff, type Backoff } from "@dueline/contracts/backoff"
import type { EventBus } from "@dueline/contracts/ports/EventBus"
import type { OutboxEntry, Settlement } from "@dueline/contracts/ports/Outbox"
import { Cause, Clock, Effect, FiberSet } from "effect"

export interface Rules {
  /** Between two attempts on one entry. */
  readonly backoff: Backoff
  /** Failed publications after which an entry becomes a dead letter. */
  readonly maxFailures: number
}

const streamOf = ({ streamId, tenantId }: OutboxEntry): string => `${tenantId}/${streamId}`

/** What went wrong, cut to a length that a table and a log line can bear. */
export const errorOf = (cause: Cause.Cause<unknown>): string => Cause.pretty(cause).slice(0, 1_000)

const afterFailure = Effect.fnUntraced(function* (
  entry: OutboxEntry,
  error: string,
  rules: Rules
): Effect.fn.Return<Settlement> {
  const failures = entry.failures + 1
  if (failures < rules.maxFailures) {
    const retryAt = (yield* Clock.currentTimeMillis) + (yield* backoff(rules.backoff, failures))
    return { _tag: "Failed", entry, retryAt, error }
  }
  const { eventId, tenantId, topic } = entry
  yield* Effect.annotateLogs(Effect.logError("outbox entry given up"), { eventId, tenantId, topic, failures, error })
  return { _tag: "Dead", entry, error }
})

/** One attempt on one entry. Whatever goes wrong, a defect of the bus included, is the entry's failure and nobody else's. */
const attempt = (bus: EventBus["Service"], entry: OutboxEntry, rules: Rules): Effect.Effect<Settlement> => {
  const { eventId, payload, streamId, tenantId, topic } = entry
  return Effect.suspend(() => bus.publish({ eventId, tenantId, streamId, topic, payload })).pipe(
    Effect.as<Settlement>({ _tag: "Delivered", entry }),
    Effect.catchCause((cause) => afterFailure(entry, errorOf(cause), rules))
  )
}

/** Lanes that end with the scope. `onSettled` is called after every attempt, when `unsettled` already holds its outcome. */
export const makeTenantLanes = Effect.fnUntraced(function* (
  bus: EventBus["Service"],
  rules: Rules,
  onSettled: () => void
) {
  const fork = yield* FiberSet.makeRuntime<never>()
  /** Positions that were taken and are not settled yet. */
  const held = new Set<number>()
  /** What waits, by tenant; the first of each is being published. */
  const lanes = new Map<string, Array<OutboxEntry>>()
  const unsettled: Array<Settlement> = []
  /** Streams with a failure that the outbox does not know of yet: until it does, a claim may show what has to wait behind it. */
  const failing = new Set<string>()

  const work = Effect.fnUntraced(function* (tenantId: string, lane: Array<OutboxEntry>) {
    for (let entry = lane[0]; entry !== undefined; entry = lane[0]) {
      const settlement = yield* attempt(bus, entry, rules)
      lane.shift()
      if (settlement._tag === "Failed") letGo(lane, streamOf(entry))
      unsettled.push(settlement)
      onSettled()
    }
    lanes.delete(tenantId)
  })

  /** What stands behind a failed entry of its stream comes again with it. */
  const letGo = (lane: Array<OutboxEntry>, stream: string): void => {
    failing.add(stream)
    for (const entry of lane.splice(0)) {
      if (streamOf(entry) === stream) held.delete(entry.position)
      else lane.push(entry)
    }
  }

  /** Puts a claimed entry into its tenant's lane, unless it is on its way already or has to wait behind a failure. */
  const take = (entry: OutboxEntry): void => {
    if (held.has(entry.position) || failing.has(streamOf(entry))) return
    held.add(entry.position)
    const lane = lanes.get(entry.tenantId)
    if (lane !== undefined) {
      lane.push(entry)
      return
    }
    const first = [entry]
    lanes.set(entry.tenantId, first)
    fork(work(entry.tenantId, first))
  }

  /** Forgets the first `count` outcomes: the outbox knows them now. */
  const settled = (count: number): void => {
    for (const { _tag, entry } of unsettled.splice(0, count)) {
      held.delete(entry.position)
      if (_tag === "Failed") failing.delete(streamOf(entry))
    }
  }

  return { take, settled, unsettled: (): ReadonlyArray<Settlement> => [...unsettled], held: () => held.size }
})
