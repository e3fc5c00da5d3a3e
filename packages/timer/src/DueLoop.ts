/** Turns alarms into commands: takes what is due as places become free, and tells the writer that its time has come. */
import type { Envelope } from "@dueline/contracts/Envelope"
import { CommandId, CorrelationId, EpochMillis, type WorkerId } from "@dueline/contracts/Ids"
import { systemActor } from "@dueline/contracts/Intent"
import { Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { type Alarm, Timer } from "@dueline/contracts/ports/Timer"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { Cause, Clock, Effect, Exit, Option } from "effect"
import { Slots } from "./Slots.ts"

const actor = systemActor("timer")
/** The event's own correlation comes from the call's origin; this one only marks who asked. */
const correlationId = CorrelationId.make("timer")

export const dueTimeReached = (
  { callId, revision, tenantId }: Alarm,
  worker: WorkerId,
  at: number
): Envelope<ServiceCallCommand> => ({
  tenantId,
  commandId: CommandId.make(`due:${callId}:${revision}`),
  correlationId,
  actor,
  traceparent: null,
  idempotency: null,
  expectedVersion: null,
  command: { _tag: "DueTimeReached", callId, at: EpochMillis.make(at), revision, worker }
})

/** How long to leave an alarm alone whose command the writer could not take, in milliseconds. The sweep is behind this. */
const pauseMs = 250

/** What may have passed by then. Anything else would only fail again, as fast as it is asked. */
const passing: ReadonlySet<string> = new Set(["Overloaded", "StoreUnavailable"])

/** Runs for ever. Alarms taken at one time are asked together, so that they share a commit. */
export const dueLoop = Effect.fnUntraced(function* (options: {
  readonly worker: WorkerId
  readonly batchLimit: number
}) {
  const timer = yield* Timer
  const slots = yield* Slots
  const orchestrator = yield* Orchestrator

  const fire = (alarm: Alarm) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) =>
      Effect.flatMap(Effect.exit(orchestrator.ask(dueTimeReached(alarm, options.worker, now))), (exit) => {
        slots.release(1)
        if (Exit.isSuccess(exit)) return Effect.void
        const error = Cause.findErrorOption(exit.cause)
        if (Option.isNone(error) || !passing.has(error.value._tag)) {
          return Effect.logError("a due call could not be started; the sweep will come back to it", exit.cause)
        }
        return Effect.logWarning("a due call could not be started; it is tried again", exit.cause).pipe(
          Effect.andThen(Effect.sleep(pauseMs)),
          Effect.andThen(timer.arm([alarm]))
        )
      })
    )

  return yield* Effect.gen(function* () {
    const places = yield* slots.acquire(options.batchLimit)
    const alarms = yield* timer.take(places)
    slots.release(places - alarms.length)
    for (const alarm of alarms) yield* Effect.forkChild(fire(alarm))
  }).pipe(Effect.forever)
})
