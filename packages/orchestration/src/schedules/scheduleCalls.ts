/**
 * What was fired becomes a call: the request is opened, the time is filled in, and the call is submitted under an id that follows from schedule,
 * revision and time. Whoever fires does so at once; a process manager that receives every firing makes up for one that died between. Doing it
 * twice is doing it once.
 */
import { type Envelope, systemEnvelope } from "@dueline/contracts/Envelope"
import type { CorrelationId, EpochMillis, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import { Recent } from "@dueline/contracts/Recent"
import type { Command } from "@dueline/contracts/kinds"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { ack, consuming, dead, type Delivery, EventBus, retry, type Verdict } from "@dueline/contracts/ports/EventBus"
import { isTransient, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { RequestVault, scheduleContext } from "@dueline/contracts/ports/Vaults"
import type { Firing, ScheduleId, ScheduleRow } from "@dueline/contracts/schedule/Schedule"
import { ScheduleFired, scheduleTag } from "@dueline/contracts/schedule/Topic"
import { fillIn } from "@dueline/contracts/schedule/template"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { Clock, Context, Deferred, Effect, Exit, Layer, Result, Schema } from "effect"
import { untilStoreAnswers } from "../handling.ts"

/** Why a firing is no call, now (`wait`), perhaps later (`retry`), or ever. */
type Failure = { readonly _tag: "Failure"; readonly what: "wait" | "retry" | "never"; readonly reason: string }
const failure = (what: Failure["what"], reason: string): Failure => ({ _tag: "Failure", what, reason })

const refusalOf = (refusal: { readonly _tag: string }): Failure =>
  failure(isTransient(refusal) ? "wait" : "never", refusal._tag)

/** A schedule with the request that is sealed beside it, of one moment, so that no call has the method of one request and the body of the next. */
export type ScheduleRequest = Effect.Success<ReturnType<OpsQueries["Service"]["scheduleRequests"]>>[number]
export type Submission = Envelope<Extract<ServiceCallCommand, { readonly _tag: "SubmitServiceCall" }>>

/** What submits the call of a firing: the request is opened, and the time is filled in. Null when the request is deleted. */
export const makeSubmissionOf = Effect.gen(function* () {
  const vault = yield* RequestVault
  const intake = yield* RequestIntake

  return Effect.fnUntraced(function* ({ row, sealed }: ScheduleRequest, firing: Firing) {
    if (sealed === null) return null
    const { scheduleId, tenantId } = row
    const { callId, dueAt, occurrence } = firing
    const whole = yield* Effect.mapError(vault.open(sealed, scheduleContext(tenantId, scheduleId)), ({ detail }) =>
      failure("retry", `its request cannot be opened: ${detail}`)
    )
    const values = { scheduleId, callId, at: occurrence.at, zone: row.timing.zone }
    const { call, correlationId } = row
    const admitted = intake.admit(tenantId, callId, { method: call.request.method, ...fillIn(whole, values) })
    if (Result.isFailure(admitted)) {
      const reason = admitted.failure.map(({ code, field, message }) => `${field} ${code}: ${message}`).join(" ")
      return yield* Effect.fail(failure("never", reason))
    }
    const at = (yield* Clock.currentTimeMillis) as EpochMillis
    return systemEnvelope("schedules", row, `schedules:${callId}:submit`, {
      _tag: "SubmitServiceCall",
      callId,
      at,
      dueAt,
      spec: {
        ...call,
        ...admitted.success.spec,
        tags: [...call.tags, scheduleTag(scheduleId)]
      },
      fingerprint: `schedule:${scheduleId}:${callId}`,
      origin: { correlationId: firing.correlationId ?? (correlationId as CorrelationId), traceparent: null },
      sealed: admitted.success.sealed
    }) satisfies Submission
  })
})

export const makeCarryOut = Effect.gen(function* () {
  const orchestrator = yield* Orchestrator
  const queries = yield* OpsQueries
  const submissionOf = yield* makeSubmissionOf

  const ask = <C extends Command>(envelope: Envelope<C>) => Effect.mapError(orchestrator.ask(envelope), refusalOf)

  /** The call before may have ended meanwhile, or may not be there yet: only a store that is away is a reason to wait. */
  const cancel = (row: ScheduleRow, { callId, cancels }: Firing, at: EpochMillis) =>
    cancels === null
      ? Effect.void
      : Effect.catch(
          ask(
            systemEnvelope("schedules", row, `schedules:${callId}:cancel`, {
              _tag: "CancelServiceCall",
              callId: cancels,
              at
            })
          ),
          (failed) => (failed.what === "wait" ? Effect.fail(failed) : Effect.void)
        )

  /** False when the schedule and its request are deleted: what had not become a call does not become one. */
  return Effect.fnUntraced(function* (tenantId: TenantId, scheduleId: ScheduleId, firing: Firing) {
    const away = ({ _tag }: { readonly _tag: string }) => failure("wait", _tag)
    const [found] = yield* Effect.mapError(
      queries.scheduleRequests({ tenantId, ids: [scheduleId], longest: null }),
      away
    )
    if (found === undefined) return yield* Effect.fail(failure("never", "there is no such schedule"))
    const submission = yield* submissionOf(found, firing)
    if (submission === null) return false
    yield* cancel(found.row, firing, submission.command.at)
    yield* ask(submission)
    return true
  })
})

export type CarryOut = Effect.Success<typeof makeCarryOut>

const decode = Schema.decodeUnknownResult(ScheduleFired)

export const makeHandler = Effect.gen(function* () {
  const calls = yield* CallQueries
  const fired = yield* FiredCalls
  const carryOut = yield* makeCarryOut

  const settle = Effect.fnUntraced(function* (tenantId: TenantId, scheduleId: ScheduleId, firing: Firing) {
    if (yield* fired.isMade(firing.callId)) return ack
    // Nearly always whoever fired has made it.
    const call = yield* Effect.mapError(calls.find(tenantId, firing.callId), ({ _tag }) => failure("wait", _tag))
    if (call === null) yield* carryOut(tenantId, scheduleId, firing)
    return ack
  })

  return ({ payload, streamId, tenantId }: Delivery): Effect.Effect<Verdict> => {
    const scheduleId = streamId as string as ScheduleId
    const message = decode(payload)
    if (Result.isFailure(message)) return Effect.succeed(dead("the message is not one of a firing"))
    return untilStoreAnswers("a schedule's call has to wait; it is tried again", { tenantId, scheduleId }, (wait) =>
      Effect.catch(settle(tenantId, scheduleId, message.success.firing), ({ reason, what }) =>
        what === "wait" ? wait(reason) : Effect.succeed(what === "retry" ? retry(reason) : dead(reason))
      )
    )
  }
})

/** Handles messages until the scope closes. */
export const layer = Layer.effectDiscard(
  Effect.gen(function* () {
    const bus = yield* EventBus
    yield* consuming(bus, { group: "schedule-calls", topics: ["ops.schedule.fired"] }, yield* makeHandler)
  })
)

/**
 * What this process has fired, so that whoever receives its message need not look for the call. It is remembered once the call is durable; what is
 * not known here is looked for in the store.
 */
export interface FiredCalls {
  /** The making of this call, remembered. */
  readonly making: <A, E>(callId: ServiceCallId, made: Effect.Effect<A, E>) => Effect.Effect<A, E>
  /** Whether it was made here; waits for the end of a making that is under way. */
  readonly isMade: (callId: ServiceCallId) => Effect.Effect<boolean>
}

/** Of a process that remembers nothing. */
export const FiredCalls = Context.Reference<FiredCalls>("@dueline/orchestration/schedules/FiredCalls", {
  defaultValue: () => ({ making: (_, made) => made, isMade: () => Effect.succeed(false) })
})

/** More than are fired between a commit and its message. */
const remembered = 5_000

export const make = (): FiredCalls => {
  const known = new Recent<ServiceCallId, Deferred.Deferred<boolean>>(remembered)
  return {
    making: (callId, made) =>
      Effect.suspend(() => {
        const ending = Deferred.makeUnsafe<boolean>()
        known.set(callId, ending)
        return Effect.onExit(made, (exit) => Deferred.succeed(ending, Exit.isSuccess(exit)))
      }),
    isMade: (callId) =>
      Effect.suspend(() => {
        const ending = known.get(callId)
        return ending === undefined ? Effect.succeed(false) : Deferred.await(ending)
      })
  }
}

export const layerFiredCalls: Layer.Layer<never> = Layer.sync(FiredCalls, make)
