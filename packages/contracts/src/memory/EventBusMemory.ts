/**
 * The bus inside one process, and the whole bus of the embedded default. It holds nothing durably: `publish` returns when every
 * group is done with the message, and until then the message is safe in the outbox.
 *
 * A group takes one message of a tenant at a time, in the order of publication; tenants do not wait for each other, nor do groups.
 * A message that nobody wants is done at once, so consumers must be there before the dispatcher starts.
 */
import { ShortLivedMap } from "../ShortLived.ts"
import { Cause, Deferred, Effect, Fiber, FiberSet, Layer, type Scope } from "effect"
import { backoff, type Backoff, defaultBackoff } from "../backoff.ts"
import type { DeadLetter } from "../ports/DeadLetters.ts"
import {
  type BusMessage,
  BusUnavailable,
  type Delivery,
  EventBus,
  isFor,
  publicationId,
  type Verdict
} from "../ports/EventBus.ts"
import { Recent } from "../Recent.ts"

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
  isFor(message, group.name) && [...group.members].some((member) => wants(member, message))

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

export interface Options {
  /** Deliveries of one message to one group before it is given up. */
  readonly maxAttempts?: number
  /** Between two attempts. */
  readonly backoff?: Backoff
  /** Milliseconds that a handler may take before the attempt counts as failed. */
  readonly timeoutMs?: number
  /** Messages of one tenant that may wait in one group; with more, `publish` fails. */
  readonly laneCapacity?: number
  /** How many finished event ids are recognised at least when they come again. */
  readonly remembered?: number
  /**
   * Told of every message that is given up, `deadLetter.ts` has one that keeps it. It has all the time it needs; a defect in it is
   * logged, and the lane moves on.
   */
  readonly onDead?: (dead: DeadLetter) => Effect.Effect<void>
}

const logDead = ({ group, message, reasons }: DeadLetter) =>
  Effect.logError("message given up").pipe(
    Effect.annotateLogs({
      tenantId: message.tenantId,
      group,
      eventId: message.eventId,
      topic: message.topic,
      attempts: reasons.length,
      reason: reasons.at(-1)
    })
  )

const rulesOf = ({
  backoff = defaultBackoff,
  maxAttempts = 10,
  onDead = logDead,
  timeoutMs = 60_000
}: Options): Rules => ({
  maxAttempts,
  backoff,
  timeoutMs,
  onDead: (dead) =>
    Effect.catchCause(onDead(dead), (cause) =>
      Effect.logError("dead letter not kept", Cause.pretty(cause)).pipe(
        Effect.annotateLogs({ tenantId: dead.message.tenantId, eventId: dead.message.eventId })
      )
    )
})

/** Calls `settle` once all parts are in, with whether all of them were served. */
const gather = (parts: number, settle: (served: boolean) => void): ((served: boolean) => void) => {
  let left = parts
  let whole = true
  return (served) => {
    left -= 1
    whole &&= served
    if (left === 0) settle(whole)
  }
}

const unavailable = (scope: "bus" | "message", why: string) => new BusUnavailable({ scope, cause: new Error(why) })

/** Its group's turn comes again with the next attempt, should somebody be in it by then. */
const leftAlone = () => unavailable("message", "every consumer of a group has left")

/** A new bus; its lanes end, and waiting publishers fail, when the scope closes. */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<EventBus["Service"], never, Scope.Scope> {
  const { laneCapacity = 1_024, remembered = 10_000 } = options
  const rules = rulesOf(options)
  const groups = new Map<string, BusGroup>()
  /** Topics that a group has taken; of one that takes all, an empty text. What was heard once counts as heard: a group that stops first comes back. */
  const heard = new Set<string>()
  const finished = new Recent<string, true>(remembered)
  const inFlight = new ShortLivedMap<string, Deferred.Deferred<void, BusUnavailable>>()
  const listeners = new Map<string, Set<(message: BusMessage) => void>>()

  // Finalizers run in reverse: the lanes stop first, then nobody can finish what is still in flight.
  yield* Effect.addFinalizer(() =>
    Effect.forEach(inFlight.values(), (done) => Deferred.fail(done, unavailable("bus", "the bus is closing")), {
      discard: true
    })
  )
  const run = yield* FiberSet.makeRuntime<never>()

  const enqueue = (group: BusGroup, job: Job): void => {
    const { tenantId } = job.message
    const lane = group.lanes.get(tenantId)
    if (lane !== undefined) {
      lane.push(job)
      return
    }
    group.lanes.set(tenantId, [job])
    run(work(group, tenantId, rules))
  }

  const send = (message: BusMessage, to: ReadonlyArray<BusGroup>, key: string) => {
    const done = Deferred.makeUnsafe<void, BusUnavailable>()
    inFlight.set(key, done)
    const finish = gather(to.length, (served) => {
      inFlight.delete(key)
      if (served) finished.set(key, true)
      Deferred.doneUnsafe(done, served ? Effect.void : Effect.fail(leftAlone()))
    })
    for (const group of to) enqueue(group, { message, finish })
    return Deferred.await(done)
  }

  const tell = (message: BusMessage): void => {
    for (const heard of listeners.get(message.topic) ?? []) heard(message)
  }

  const publish = (message: BusMessage): Effect.Effect<void, BusUnavailable> =>
    Effect.suspend(() => {
      const key = publicationId(message)
      const already = inFlight.get(key)
      if (already !== undefined) return Deferred.await(already)
      if (!finished.has(key)) tell(message)
      const interested = [...groups.values()].filter((group) => isInterested(group, message))
      if (finished.has(key) || interested.length === 0) return Effect.void
      const full = interested.find(({ lanes }) => (lanes.get(message.tenantId)?.length ?? 0) >= laneCapacity)
      return full === undefined
        ? send(message, interested, key)
        : Effect.fail(unavailable("message", `group ${full.name} is full`))
    })

  const consume: EventBus["Service"]["consume"] = ({ group: name, tenantId, topics }, handler) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        const group = groups.get(name) ?? makeGroup(name)
        const member: Member = { tenantId, topics, handler, left: Deferred.makeUnsafe() }
        groups.set(name, group)
        for (const topic of topics.length === 0 ? [""] : topics) heard.add(topic)
        group.members.add(member)
        return { group, member }
      }),
      ({ group, member }) =>
        Effect.suspend(() => {
          group.members.delete(member)
          if (group.members.size === 0) groups.delete(name)
          return Deferred.succeed(member.left, undefined)
        })
    )

  const overhear: EventBus["Service"]["overhear"] = (topics, listener) =>
    Effect.acquireRelease(
      Effect.sync(() => {
        for (const topic of topics) listeners.set(topic, (listeners.get(topic) ?? new Set()).add(listener))
      }),
      () =>
        Effect.sync(() => {
          for (const topic of topics) listeners.get(topic)?.delete(listener)
        })
    )

  return { publish, consume, isHeard: (topic) => heard.has(topic) || heard.has(""), overhear, tell }
})

export const layer = (options?: Options) => Layer.effect(EventBus, make(options))
