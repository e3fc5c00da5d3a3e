/**
 * Delivers messages to subscriptions: one process at a time holds what was kept against the subscriptions of its tenant, makes a call of each
 * that is first in its line, and looks how the calls are. Whatever it has done is in the store, and each step done twice is done once: it does not
 * matter between which two a process dies, or that two overlap.
 */
import { systemEnvelope } from "@dueline/contracts/Envelope"
import type { CorrelationId, EpochMillis, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { Command } from "@dueline/contracts/kinds"
import {
  type CalledDelivery,
  Deliveries,
  type DeliveryOutcome,
  type ReadyDelivery
} from "@dueline/contracts/ports/Deliveries"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { isTransient, Orchestrator } from "@dueline/contracts/ports/Orchestrator"
import { RequestIntake } from "@dueline/contracts/ports/Admission"
import { SecretVault, subscriptionContext } from "@dueline/contracts/ports/Vaults"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { readParts, urlPart } from "@dueline/contracts/subscription/sealedParts"
import {
  type DisableReason,
  type SubscriptionId,
  type SubscriptionRow,
  subscriptionTag
} from "@dueline/contracts/subscription/Subscription"
import { Metrics } from "@dueline/contracts/telemetry/Metrics"
import { Recent } from "@dueline/contracts/Recent"
import { Clock, Effect, Result } from "effect"
import {
  deliveryRetry,
  deliveryTimeoutMs,
  failingSince,
  goneStatus,
  isFailing,
  requestOf,
  wordsOf
} from "./deliveryRequest.ts"
import { type CallbackCallIdOf, makeSorting } from "./callbacks.ts"

export type DeliveryCallIdOf = (
  tenantId: TenantId,
  subscriptionId: SubscriptionId,
  eventId: string,
  redelivery: number
) => ServiceCallId

export interface DeliveriesOptions {
  readonly callIdOf: DeliveryCallIdOf
  readonly callbackIdOf: CallbackCallIdOf
  /** For so long nothing may come through, in milliseconds, before a subscription is disabled. */
  readonly disableAfterMs: number
  /** How long messages are kept, in milliseconds: what waits in line and what can be delivered once more. */
  readonly keepMs: number
  /** Ends when there may be something to do. Default: after a second. */
  readonly atHand?: Effect.Effect<void>
}

/** Calls of one subscription at once, each of another aggregate. */
const atOnce = 32
/** Subscriptions read at once, and looked at together. */
const pageSize = 128
const together = 8
/** Between two rounds while there is something to do, and while there is not (milliseconds). */
const busyMs = 200
const idleMs = 1_000
/** Deliveries of a subscription that is over, taken out of the line at once. */
const dropLimit = 500
/** Messages forgotten at once, and how often that is looked at (milliseconds). */
const forgetLimit = 500
const forgetEveryMs = 60_000
/** So long after it was noted a call may still be made by whoever noted it, who waits for an answer for a while (milliseconds). */
const madeWithinMs = 20_000
/** A call that was cancelled by somebody is not made again. */
const outcomeOf = (status: string): DeliveryOutcome | null => {
  switch (status) {
    case "Succeeded":
      return "delivered"
    case "Failed":
      return "failed"
    case "Cancelled":
      return "dropped"
    default:
      return null
  }
}

/** Of the process that delivers. */
export const leadership = { name: "subscriptions", ttlMs: 5_000, extendMs: 1_500, retryMs: 1_000 }

export const makeDeliveries = Effect.fnUntraced(function* ({
  atHand = Effect.sleep(idleMs),
  callbackIdOf,
  callIdOf,
  disableAfterMs,
  keepMs
}: DeliveriesOptions) {
  const orchestrator = yield* Orchestrator
  const queries = yield* OpsQueries
  const deliveries = yield* Deliveries
  const intake = yield* RequestIntake
  const vault = yield* SecretVault
  const { subscriptionsDisabled } = yield* Metrics
  const sorting = yield* makeSorting(callbackIdOf)
  /** When something of a subscription came through the last time, as far as this process saw. */
  const lastOk = new Recent<string, number>(10_000)
  const now = Effect.map(Clock.currentTimeMillis, (millis) => millis as EpochMillis)

  const ask = <C extends Command>(row: SubscriptionRow, name: string, command: C) =>
    orchestrator.ask(systemEnvelope("subscriptions", row, `subscriptions:${row.subscriptionId}:${name}`, command))

  const addressOf = Effect.fnUntraced(function* ({ subscriptionId, tenantId }: SubscriptionRow) {
    const parts = readParts(yield* queries.sealed("subscription", tenantId, subscriptionId))
    return yield* vault.open(parts.get(urlPart) ?? "", subscriptionContext(tenantId, subscriptionId, urlPart))
  })

  /** Makes the call of one delivery. One that is refused for good is over. */
  const start = Effect.fnUntraced(function* (row: SubscriptionRow, url: string, delivery: ReadyDelivery) {
    const { correlationId, flow = null, subscriptionId, tenantId } = row
    const { eventId, place, redelivery } = delivery
    const of = { tenantId, subscriptionId }
    const callId = callIdOf(tenantId, subscriptionId, eventId, redelivery)
    const messageId = callIdOf(tenantId, subscriptionId, eventId, 0)
    const admitted = intake.admit(tenantId, callId, requestOf(url, subscriptionId, messageId, delivery))
    if (Result.isFailure(admitted)) {
      const reason = admitted.failure.map(({ code, message }) => `${code}: ${message}`).join(" ")
      yield* Effect.logWarning("a message cannot be delivered", { tenantId, subscriptionId, eventId, reason })
      return yield* deliveries.settle({ ...of, ended: [{ place, outcome: "failed" }] })
    }
    const at = yield* now
    yield* deliveries.call({ ...of, place, callId, at })
    const submitted = yield* Effect.result(
      ask(row, `${eventId}:${redelivery}`, {
        _tag: "SubmitServiceCall",
        callId,
        at,
        dueAt: at,
        spec: {
          ...admitted.success.spec,
          timeoutMs: deliveryTimeoutMs,
          retry: deliveryRetry,
          tags: [subscriptionTag(subscriptionId), `event:${eventId}`],
          ...(flow === null ? {} : { flow })
        },
        fingerprint: `${subscriptionTag(subscriptionId)}:${eventId}:${redelivery}`,
        origin: { correlationId: correlationId as CorrelationId, traceparent: null },
        sealed: admitted.success.sealed
      })
    )
    if (submitted._tag === "Failure" && !isTransient(submitted.failure)) {
      yield* Effect.logError("a message was refused as a call", {
        tenantId,
        subscriptionId,
        eventId,
        refusal: submitted.failure._tag
      })
      yield* deliveries.settle({ ...of, ended: [{ place, outcome: "failed" }] })
    }
  })

  const disable = Effect.fnUntraced(function* (row: SubscriptionRow, reason: DisableReason, lastFailure: string) {
    const { subscriptionId, tenantId } = row
    yield* ask(row, `disable:${row.version}`, {
      _tag: "DisableSubscription",
      subscriptionId,
      at: yield* now,
      reason,
      lastFailure
    })
    subscriptionsDisabled.of(reason).add()
    yield* Effect.logError("a subscription is disabled: its endpoint takes nothing", {
      tenantId,
      subscriptionId,
      reason,
      lastFailure
    })
  })

  /** What the calls tell of the endpoint becomes facts: only when it changes, so that these are few. */
  const judge = Effect.fnUntraced(function* (row: SubscriptionRow, called: ReadonlyArray<CalledDelivery>) {
    const at = yield* now
    const key = `${row.tenantId}/${row.subscriptionId}`
    const { subscriptionId } = row
    const isOk = called.some(({ call }) => call?.status === "Succeeded")
    if (isOk) lastOk.set(key, at)
    const failing = called.filter(({ call }) => call !== null && isFailing(call))
    const last = failing.at(-1)?.call ?? null
    const gone = failing.find(({ call }) => call?.lastStatus === goneStatus)
    if (gone !== undefined) return yield* disable(row, "gone", `HTTP ${goneStatus}`)
    const record = (since: EpochMillis | null) =>
      ask(row, `health:${row.version}`, {
        _tag: "RecordSubscriptionHealth",
        subscriptionId,
        at,
        failingSince: since,
        lastFailure: last === null ? null : wordsOf(last)
      })
    if (row.failingSince === null) {
      const since = isOk ? null : failingSince(failing, lastOk.get(key) ?? 0, at)
      if (since !== null) yield* record(since)
      return
    }
    if (isOk) return yield* Effect.asVoid(record(null))
    if (at - row.failingSince < disableAfterMs || failing.length === 0) return
    return yield* disable(row, "failing", last === null ? (row.lastFailure ?? "unknown") : wordsOf(last))
  })

  /** False while its request may leave still: the store was not there to ask, or an attempt is on the wire. */
  const callOff = (row: SubscriptionRow, callId: ServiceCallId, at: EpochMillis) =>
    ask(row, `cancel:${callId}`, { _tag: "CancelServiceCall", callId, at }).pipe(
      Effect.map(({ outcome }) => outcome._tag !== "Cancelling"),
      // It has ended.
      Effect.catch((refusal) => Effect.succeed(!isTransient(refusal)))
    )

  /** What of a subscription that is disabled or deleted stands in line goes, and what is under way is called off: until that is done it stays in line. */
  const clear = Effect.fnUntraced(function* (row: SubscriptionRow, called: ReadonlyArray<CalledDelivery>) {
    const { subscriptionId, tenantId } = row
    const at = yield* now
    yield* deliveries.drop({ tenantId, subscriptionId, limit: dropLimit })
    yield* Effect.forEach(
      called,
      ({ call, calledAt, callId, place }) =>
        Effect.gen(function* () {
          // Called off now it would not be found, and be made after that.
          if (call === null && at - calledAt < madeWithinMs) return
          if (yield* callOff(row, callId, at))
            yield* deliveries.settle({ tenantId, subscriptionId, ended: [{ place, outcome: "dropped" }] })
        }),
      { concurrency: together, discard: true }
    )
  })

  /** One look at a subscription. */
  const attend = Effect.fnUntraced(function* (row: SubscriptionRow) {
    const { subscriptionId, tenantId } = row
    const of = { tenantId, subscriptionId }
    const { called, ready } = yield* deliveries.look({ ...of, limit: atOnce })
    if (row.status === "Disabled" || row.status === "Deleted") return yield* clear(row, called)
    yield* judge(row, called)
    const ended = called.flatMap(({ call, place }) => {
      const outcome = call === null ? "again" : outcomeOf(call.status)
      return outcome === null ? [] : [{ place, outcome }]
    })
    yield* deliveries.settle({ ...of, ended })
    const room = atOnce - (called.length - ended.length)
    if (row.status !== "Active" || ready.length === 0 || room <= 0) return
    const url = yield* addressOf(row)
    yield* Effect.forEach(ready.slice(0, room), (delivery) => start(row, url, delivery), {
      concurrency: together,
      discard: true
    })
  })

  const attendOne = (row: SubscriptionRow) =>
    orLogged(
      "warning",
      "a subscription has to wait; it is tried again"
    )(Effect.annotateLogs(attend(row), { tenantId: row.tenantId, subscriptionId: row.subscriptionId }))

  /** One round over all that can go on; whether there was anything. */
  const tick = Effect.fnUntraced(function* (mayAct: () => boolean) {
    let busy = yield* sorting.sort(mayAct)
    busy = (yield* sorting.redeliver(mayAct)) || busy
    let after: SubscriptionRow | null = null
    while (mayAct()) {
      const page: ReadonlyArray<SubscriptionRow> = yield* deliveries.open({ after, limit: pageSize })
      yield* Effect.forEach(page, attendOne, { concurrency: together, discard: true })
      busy = busy || page.length > 0
      after = page.at(-1) ?? null
      if (page.length < pageSize) break
    }
    return busy
  })

  const forget = Effect.fnUntraced(function* (mayAct: () => boolean) {
    const before = (yield* Clock.currentTimeMillis) - keepMs
    while (mayAct() && (yield* deliveries.forget({ before, limit: forgetLimit })) === forgetLimit)
      yield* Effect.yieldNow
  })

  /** Never ends by itself. */
  const run = (mayAct: () => boolean): Effect.Effect<never> =>
    Effect.gen(function* () {
      yield* Effect.forkScoped(
        forget(mayAct).pipe(
          orLogged("warning", "messages could not be forgotten; it is tried again"),
          Effect.andThen(Effect.sleep(forgetEveryMs)),
          Effect.forever
        )
      )
      return yield* tick(mayAct).pipe(
        orLogged("warning", "messages could not be delivered; it is tried again"),
        Effect.flatMap((busy) =>
          busy === true ? Effect.sleep(busyMs) : busy === false ? atHand : Effect.sleep(idleMs)
        ),
        Effect.forever
      )
    }).pipe(Effect.scoped)

  return { attend, forget, run, tick }
})
