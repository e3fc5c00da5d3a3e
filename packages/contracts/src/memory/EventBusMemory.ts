/**
 * The bus inside one process, and the whole bus of the embedded default. It holds nothing durably: `publish` returns when every
 * group is done with the message, and until then the message is safe in the outbox.
 *
 * A group takes one message of a tenant at a time, in the order of publication; tenants do not wait for each other, nor do groups.
 * A message that nobody wants is done at once, so consumers must be there before the dispatcher starts.
 */
import { Cause, Deferred, Effect, FiberSet, Layer, type Scope } from "effect"
import { type Backoff, defaultBackoff } from "../backoff.ts"
import type { DeadLetter } from "../ports/DeadLetters.ts"
import { type BusMessage, BusUnavailable, EventBus } from "../ports/EventBus.ts"
import { Recent } from "../Recent.ts"
import { type BusGroup, isInterested, type Job, makeGroup, type Member, type Rules, work } from "./BusGroup.ts"

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
    Effect.catchCause(onDead(dead), (cause) => Effect.logError("dead letter not kept", Cause.pretty(cause)))
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
  const finished = new Recent<string, true>(remembered)
  const inFlight = new Map<string, Deferred.Deferred<void, BusUnavailable>>()

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

  const publish = (message: BusMessage): Effect.Effect<void, BusUnavailable> =>
    Effect.suspend(() => {
      const key = `${message.tenantId}/${message.eventId}`
      const already = inFlight.get(key)
      if (already !== undefined) return Deferred.await(already)
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

  return { publish, consume }
})

export const layer = (options?: Options) => Layer.effect(EventBus, make(options))
