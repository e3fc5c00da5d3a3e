/**
 * A lane for each tenant: one message at a time, in the order of the stream; tenants beside each other. A message that has to be
 * tried again stays at the head of its lane, and with the server it stays under way, so nothing overtakes it.
 */
import { backoff, type Backoff } from "@dueline/contracts/backoff"
import type { DeadLetter } from "@dueline/contracts/ports/DeadLetters"
import type { Delivery, Verdict } from "@dueline/contracts/ports/EventBus"
import { Cause, Deferred, Effect } from "effect"
import type { Held, HeldMessages } from "./HeldMessages.ts"

export type Handler = (delivery: Delivery) => Effect.Effect<Verdict>

export interface LaneRules {
  /** Deliveries of one message to the group, those to dead processes included, before it is given up. */
  readonly maxAttempts: number
  readonly backoff: Backoff
  /** Milliseconds that a handler may take; then it is interrupted and the message comes again. */
  readonly timeoutMs: number
  readonly onDead: (letter: DeadLetter) => Effect.Effect<void>
}

/** Of one dead letter; the last ones are kept. */
const reasonLimit = 20

/** The handler's verdict; one that dies or takes too long asks for a retry by it. */
const verdictOf = (handler: Handler, delivery: Delivery, timeoutMs: number): Effect.Effect<Verdict> =>
  Effect.suspend(() => handler(delivery)).pipe(
    Effect.catchCause((cause) => Effect.succeed<Verdict>({ _tag: "Retry", reason: Cause.pretty(cause) })),
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () => Effect.succeed<Verdict>({ _tag: "Retry", reason: `no verdict within ${timeoutMs} ms` })
    })
  )

const insert = (lane: Array<Held>, one: Held): void => {
  const behind = lane.findLastIndex(({ sequence }) => sequence < one.sequence)
  lane.splice(behind + 1, 0, one)
}

/** For the server's advisory, which is a line of text. */
const oneLine = (reason: string): string => reason.replaceAll(/\s+/gu, " ").slice(0, 200)

export const makeGroupLanes = (options: {
  readonly group: string
  readonly held: HeldMessages
  readonly rules: LaneRules
  readonly handler: Handler
  /** Monotonic milliseconds. */
  readonly now: () => number
  readonly run: (work: Effect.Effect<void>) => void
}) => {
  const { group, handler, held, now, rules, run } = options
  /** What waits, in order. */
  const lanes = new Map<string, Array<Held>>()
  const busy = new Set<string>()
  let isOpen = false
  let yielded = Deferred.makeUnsafe<void>()

  const deliver = Effect.fnUntraced(function* (one: Held) {
    const reasons: Array<string> = []
    const interlude = yielded
    let waits = 0
    for (;;) {
      if (!held.isOurs(one, now())) return held.drop(one)
      const attempt = one.deliveries + reasons.length
      const verdict = yield* verdictOf(handler, { ...one.message, attempt }, rules.timeoutMs)
      if (verdict._tag === "Ack") return held.finish(one, (handle) => handle.ack())
      if (verdict._tag === "Wait") waits += 1
      else {
        reasons.push(verdict.reason)
        if (verdict._tag === "Dead" || attempt >= rules.maxAttempts) {
          yield* rules.onDead({ group, message: one.message, reasons: reasons.slice(-reasonLimit) })
          return held.finish(one, (handle) => handle.term(oneLine(verdict.reason)))
        }
      }
      const pause = Effect.sleep(yield* backoff(rules.backoff, verdict._tag === "Wait" ? waits : attempt))
      yield* Effect.raceFirst(pause, Deferred.await(interlude))
      if (Deferred.isDoneUnsafe(interlude)) return held.giveBack(one)
    }
  })

  const next = (lane: Array<Held>): Held | undefined => (isOpen ? lane.shift() : undefined)

  const work = (tenant: string, lane: Array<Held>) =>
    Effect.gen(function* () {
      for (let one = next(lane); one !== undefined; one = next(lane)) yield* deliver(one)
    }).pipe(
      Effect.catchCause((cause) =>
        Cause.hasInterrupts(cause) ? Effect.interrupt : Effect.logError("a lane of the bus broke", cause)
      ),
      Effect.ensuring(
        Effect.sync(() => {
          busy.delete(tenant)
          // Something may have come between the last look and here.
          if (lane.length === 0) lanes.delete(tenant)
          else start(tenant, lane)
        })
      )
    )

  const start = (tenant: string, lane: Array<Held>): void => {
    if (!isOpen || lane.length === 0 || busy.has(tenant)) return
    busy.add(tenant)
    run(work(tenant, lane))
  }

  return {
    add: (one: Held): void => {
      const { tenantId } = one.message
      const lane = lanes.get(tenantId) ?? []
      lanes.set(tenantId, lane)
      insert(lane, one)
      start(tenantId, lane)
    },
    open: (): void => {
      isOpen = true
      for (const [tenant, lane] of lanes) start(tenant, lane)
    },
    /** Nothing new is begun; what is with a handler goes on. */
    hold: (): void => {
      isOpen = false
    },
    /** Holds, and gives back to the server what is not with a handler. */
    yield: (): void => {
      isOpen = false
      for (const lane of lanes.values()) for (const one of lane.splice(0)) held.giveBack(one)
      Deferred.doneUnsafe(yielded, Effect.void)
      yielded = Deferred.makeUnsafe<void>()
    },
    /** Forgets what waits, since it lies in a stream that is no more. */
    forget: (): void => {
      for (const lane of lanes.values()) lane.length = 0
    }
  }
}
