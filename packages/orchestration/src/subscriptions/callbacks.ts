/** What a kept message is for: a callback, or the subscriptions of its tenant that ask for it, when it comes, and once more when a time is delivered again. */
import { systemEnvelope } from "@dueline/contracts/Envelope"
import type { EpochMillis, IdempotencyKey, ServiceCallId, StreamId, TenantId } from "@dueline/contracts/Ids"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { Deliveries, type KeptMessage } from "@dueline/contracts/ports/Deliveries"
import { isTransient, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { Persistence } from "@dueline/contracts/ports/Persistence"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { RequestVault, sealContext } from "@dueline/contracts/ports/Vaults"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import { defaultRetryPolicy, defaultTimeoutMs, type RetryPolicy } from "@dueline/contracts/serviceCall/Spec"
import { CallbackDue, callbackTopic } from "@dueline/contracts/serviceCall/Topic"
import type { Specification } from "@dueline/contracts/specification/Specification"
import { orLogged } from "@dueline/contracts/storeTrouble"
import type { SubscriptionRow } from "@dueline/contracts/subscription/Subscription"
import { isDelivered } from "@dueline/contracts/subscription/matching"
import { Clock, Effect, Result, Schema } from "effect"

/** Messages sorted, or put in line again, in one step. */
const stepLimit = 200
/** Steps of one round: what comes in goes on in the next. */
const stepsOfRound = 10
/** Of a tenant; somewhat more than it may have, since two at once may pass that bound together. */
const subscriptionLimit = 200
const redeliveriesAtOnce = 16
const callbacksAtOnce = 16

const listening: Specification = { _tag: "OneOf", field: "status", values: ["Active", "Paused"] }

export const makeSorting = Effect.fnUntraced(function* (callbackIdOf: CallbackCallIdOf) {
  const orchestrator = yield* Orchestrator
  const queries = yield* OpsQueries
  const deliveries = yield* Deliveries
  const carryOut = yield* makeCallbacks(callbackIdOf)

  const subscriptionsOf = (tenantId: TenantId) =>
    Effect.map(
      queries.list("subscription", { tenantId, filter: listening, after: null, limit: subscriptionLimit }),
      ({ rows }) => rows
    )

  const sortStep = Effect.gen(function* () {
    const unsorted = yield* deliveries.unsorted(stepLimit)
    const callbacks = unsorted.filter(({ topic }) => topic === callbackTopic)
    const done = yield* Effect.forEach(callbacks, carryOut, { concurrency: callbacksAtOnce })
    const messages = unsorted.filter((message) => {
      const index = callbacks.indexOf(message)
      return index === -1 || done[index] === true
    })
    const tenants = [...new Set(messages.map(({ tenantId }) => tenantId))]
    const found = new Map(
      yield* Effect.forEach(tenants, (tenantId) =>
        Effect.map(subscriptionsOf(tenantId), (rows) => [tenantId, rows] as const)
      )
    )
    const sorted = messages.map((message) => ({
      tenantId: message.tenantId,
      seq: message.seq,
      to: (found.get(message.tenantId) ?? [])
        .filter((row) => isDelivered(row, message))
        .map(({ subscriptionId }) => subscriptionId)
    }))
    if (sorted.length > 0) yield* deliveries.sort(sorted)
    return sorted.length
  })

  /** Whether there was anything. */
  const sort = Effect.fnUntraced(function* (mayAct: () => boolean) {
    for (let steps = 0; steps < stepsOfRound && mayAct(); steps += 1) {
      const count = yield* sortStep
      if (count < stepLimit) return steps > 0 || count > 0
    }
    return true
  })

  const redeliverStep = Effect.fnUntraced(function* (row: SubscriptionRow) {
    const { redelivery, subscriptionId, tenantId } = row
    if (redelivery === null) return
    const { after, from, number, to } = redelivery
    const messages = yield* deliveries.kept({ tenantId, from, to, after, limit: stepLimit })
    const seqs = messages.filter((message) => isDelivered(row, message)).map(({ seq }) => seq)
    if (seqs.length > 0) yield* deliveries.repeat({ tenantId, subscriptionId, redelivery: number, seqs })
    yield* orchestrator.ask(
      systemEnvelope("subscriptions", row, `subscriptions:${subscriptionId}:redelivery:${number}:${after ?? 0}`, {
        _tag: "AdvanceRedelivery",
        subscriptionId,
        at: (yield* Clock.currentTimeMillis) as EpochMillis,
        number,
        before: after,
        after: messages.at(-1)?.seq ?? after,
        put: seqs.length,
        last: messages.length < stepLimit
      })
    )
  })

  /** One step of each redelivery that is not done; whether there was any. */
  const redeliver = Effect.fnUntraced(function* (mayAct: () => boolean) {
    if (!mayAct()) return false
    const rows = yield* deliveries.redelivering(redeliveriesAtOnce)
    yield* Effect.forEach(
      rows,
      (row) => orLogged("warning", "a redelivery has to wait; it is tried again")(redeliverStep(row)),
      { concurrency: 1, discard: true }
    )
    return rows.length > 0
  })

  return { redeliver, sort }
})

/**
 * The end of a call is told to whom its submission names: by a call whose id follows from call and scheduling, so that whatever is done twice is
 * one call. The message that asks for it is kept by the store in the transaction of the end, and is done with when the call is made and noted.
 */
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
