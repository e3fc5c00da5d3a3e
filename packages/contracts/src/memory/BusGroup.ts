/** One consumer group of the in-process bus: its members, and a lane per tenant in which one message at a time is delivered. */
import { Cause, Deferred, Effect, Fiber } from "effect"
import { backoff, type Backoff } from "../backoff.ts"
import type { DeadLetter } from "../ports/DeadLetters.ts"
import type { BusMessage, Delivery, Verdict } from "../ports/EventBus.ts"

export interface Member {
  readonly topics: ReadonlyArray<string>
  readonly tenantId: string | undefined
  readonly handler: (delivery: Delivery) => Effect.Effect<Verdict>
  /** Done when the consumer's scope has closed. */
  readonly left: Deferred.Deferred<void>
}

export interface BusGroup {
  readonly name: string
  readonly members: Set<Member>
  /** What waits, by tenant; the first of each is being delivered. */
  readonly lanes: Map<string, Array<Job>>
  turn: number
}

export interface Job {
  readonly message: BusMessage
  /** Called once per group: true when the message was acknowledged or given up, false when nobody was left to take it. */
  readonly finish: (served: boolean) => void
}

export interface Rules {
  readonly maxAttempts: number
  readonly backoff: Backoff
  /** Milliseconds that a handler may take; then it is interrupted and the message comes again. */
  readonly timeoutMs: number
  readonly onDead: (dead: DeadLetter) => Effect.Effect<void>
}

export const makeGroup = (name: string): BusGroup => ({ name, members: new Set(), lanes: new Map(), turn: 0 })

const wants = ({ tenantId, topics }: Member, message: BusMessage): boolean =>
  (tenantId === undefined || tenantId === message.tenantId) && (topics.length === 0 || topics.includes(message.topic))

export const isInterested = (group: BusGroup, message: BusMessage): boolean =>
  [...group.members].some((member) => wants(member, message))

/** Members take turns, so that a retry may meet another one. */
const memberFor = (group: BusGroup, message: BusMessage): Member | undefined => {
  const able = [...group.members].filter((member) => wants(member, message))
  group.turn += 1
  return able[group.turn % able.length]
}

/** The handler's verdict; a handler that dies or takes too long asks for a retry by it, and one whose scope closes has no say. */
const verdictOf = (member: Member, delivery: Delivery, timeoutMs: number): Effect.Effect<Verdict | "left"> =>
  Effect.suspend(() => member.handler(delivery)).pipe(
    Effect.catchCause((cause) => Effect.succeed<Verdict>({ _tag: "Retry", reason: Cause.pretty(cause) })),
    Effect.forkChild({ startImmediately: true }),
    // Most are done by now: those need neither a timer nor a race against it.
    Effect.flatMap((handling) => handling.pollUnsafe() ?? patiently(handling, member, timeoutMs))
  )

const patiently = (handling: Fiber.Fiber<Verdict>, member: Member, timeoutMs: number) =>
  Fiber.join(handling).pipe(
    Effect.onInterrupt(() => Fiber.interrupt(handling)),
    Effect.timeoutOrElse({
      duration: timeoutMs,
      orElse: () => Effect.succeed<Verdict>({ _tag: "Retry", reason: `no verdict within ${timeoutMs} ms` })
    }),
    Effect.raceFirst(Effect.as(Deferred.await(member.left), "left" as const))
  )

/** Delivers until the group is done with the message. False when no member is left that wants it. */
const deliver = Effect.fnUntraced(function* (group: BusGroup, message: BusMessage, rules: Rules) {
  const reasons: Array<string> = []
  let waits = 0
  for (;;) {
    const member = memberFor(group, message)
    if (member === undefined) return false
    const verdict = yield* verdictOf(member, { ...message, attempt: reasons.length + 1 }, rules.timeoutMs)
    if (verdict === "left") continue
    if (verdict._tag === "Ack") return true
    if (verdict._tag === "Wait") {
      waits += 1
      yield* Effect.sleep(yield* backoff(rules.backoff, waits))
      continue
    }
    reasons.push(verdict.reason)
    if (verdict._tag === "Dead" || reasons.length >= rules.maxAttempts) {
      yield* rules.onDead({ group: group.name, message, reasons })
      return true
    }
    yield* Effect.sleep(yield* backoff(rules.backoff, reasons.length))
  }
})

/** Empties one lane, then takes it away: a tenant that is quiet costs nothing. */
export const work = Effect.fnUntraced(function* (group: BusGroup, tenantId: string, rules: Rules) {
  const lane = group.lanes.get(tenantId)
  for (let job = lane?.[0]; job !== undefined; job = lane?.[0]) {
    const served = yield* deliver(group, job.message, rules)
    lane?.shift()
    job.finish(served)
  }
  group.lanes.delete(tenantId)
})
