/**
 * The end of a call is told to whom its submission names: by a call whose id follows from call and scheduling, so that whatever is done twice is
 * one call. The message that asks for it is kept by the store in the transaction of the end, and is done with when the call is made and noted.
 */
import { systemEnvelope } from "@dueline/contracts/Envelope"
import type { EpochMillis, IdempotencyKey, ServiceCallId, StreamId, TenantId } from "@dueline/contracts/Ids"
import type { KeptMessage } from "@dueline/contracts/ports/Deliveries"
import { isTransient, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { RequestVault, sealContext } from "@dueline/contracts/ports/Vaults"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { defaultRetryPolicy, defaultTimeoutMs, type RetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import { CallbackDue } from "@dueline/contracts/serviceCall/Topic"
import { Clock, Effect, Result, Schema } from "effect"

export type CallbackCallIdOf = (tenantId: TenantId, callId: ServiceCallId, revision: number) => ServiceCallId

/** Some two hours. */
const callbackRetry: RetryPolicy = { ...defaultRetryPolicy, maxAttempts: 20 }

/** What calls that tell the end of another are tagged with. */
const callbackTag = (callId: ServiceCallId): string => `callback-of:${callId}`

const decode = Schema.decodeUnknownResult(CallbackDue)

/** Why a callback is not made: not now, or never. */
type Failure = { readonly _tag: "Failure"; readonly retry: boolean; readonly reason: string }
const failure = (retry: boolean, reason: string): Failure => ({ _tag: "Failure", retry, reason })

const bodyOf = ({ revision: _scheduling, ...data }: CallbackDue, eventId: string, at: number): string =>
  JSON.stringify({
    type: `ops.service-call.${data.status.toLowerCase()}`,
    timestamp: new Date(at).toISOString(),
    id: eventId,
    data
  })

export const makeCallbacks = Effect.fnUntraced(function* (callIdOf: CallbackCallIdOf) {
  const orchestrator = yield* Orchestrator
  const persistence = yield* Persistence
  const vault = yield* RequestVault
  const intake = yield* RequestIntake

  /** The id is the same whenever it is asked, and the answer is kept with the commit: asked again it is answered and not done again. */
  const ask = (due: CallbackDue, name: string, command: ServiceCallCommand) => {
    const key = `callback:${due.callId}:${due.revision}:${name}`
    return Effect.mapError(
      orchestrator.ask(
        systemEnvelope("callbacks", due, key, command, {
          idempotency: { key: key as IdempotencyKey, fingerprint: due.callId }
        })
      ),
      (refusal) => failure(isTransient(refusal), refusal._tag)
    )
  }

  const targetOf = Effect.fnUntraced(function* (tenantId: TenantId, callId: ServiceCallId) {
    const streamId = callId as string as StreamId
    const asked = { tenantId, streamId, receiptKey: null, wantEvents: false, snapshotForm: null }
    const [slice] = yield* Effect.mapError(persistence.load([asked]), ({ _tag }) => failure(true, _tag))
    const sealed = slice?.sealed ?? null
    if (sealed === null) return yield* Effect.fail(failure(false, "its request is erased"))
    const whole = yield* Effect.mapError(vault.open(sealed, sealContext(tenantId, callId)), ({ detail }) =>
      failure(false, `its request cannot be opened: ${detail}`)
    )
    return whole.onEnd ?? (yield* Effect.fail(failure(false, "it names nobody")))
  })

  const make = Effect.fnUntraced(function* (message: KeptMessage, due: CallbackDue) {
    const { callId, correlationId, revision, tenantId } = due
    const { flow, headers, url } = yield* targetOf(tenantId, callId)
    const callbackId = callIdOf(tenantId, callId, revision)
    const typed = Object.keys(headers).some((name) => name.toLowerCase() === "content-type")
    const admitted = intake.admit(tenantId, callbackId, {
      method: "POST",
      url,
      headers: typed ? headers : { ...headers, "content-type": "application/json" },
      body: bodyOf(due, message.eventId, due.endedAt)
    })
    if (Result.isFailure(admitted)) {
      return yield* Effect.fail(failure(false, admitted.failure.map(({ code }) => code).join(" ")))
    }
    const at = (yield* Clock.currentTimeMillis) as EpochMillis
    yield* ask(due, "submit", {
      _tag: "SubmitServiceCall",
      callId: callbackId,
      at,
      dueAt: at,
      spec: {
        ...admitted.success.spec,
        timeoutMs: defaultTimeoutMs,
        retry: callbackRetry,
        tags: [callbackTag(callId)],
        ...(flow === undefined ? {} : { flow })
      },
      fingerprint: callbackTag(callId),
      origin: { correlationId, traceparent: null },
      sealed: admitted.success.sealed
    })
    return callbackId
  })

  /** Whether the message is done with; when not, it comes again. */
  return Effect.fnUntraced(function* (message: KeptMessage) {
    const read = decode(message.payload)
    if (Result.isFailure(read)) {
      yield* Effect.logError("a message of a callback cannot be read", {
        tenantId: message.tenantId,
        eventId: message.eventId
      })
      return true
    }
    const due = read.success
    const { callId, revision, tenantId } = due
    const made = yield* Effect.result(make(message, due))
    if (Result.isFailure(made) && made.failure.retry) return false
    const reason = Result.isFailure(made) ? made.failure.reason : null
    if (reason !== null) yield* Effect.logError("a callback cannot be made", { tenantId, callId, reason })
    const at = (yield* Clock.currentTimeMillis) as EpochMillis
    const callbackId = Result.isFailure(made) ? null : made.success
    const noted = yield* Effect.result(
      ask(due, "settle", { _tag: "SettleCallback", callId, at, revision, callbackId, reason })
    )
    return !(Result.isFailure(noted) && noted.failure.retry)
  })
})
