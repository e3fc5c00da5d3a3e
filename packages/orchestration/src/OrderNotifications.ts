/**
 * Orders drive calls: a process manager that receives every change of an order and brings the calls of its notifications to what the order
 * asks for.
 *
 * A message is only a hint. What counts is the order as it is now, and the handler goes round until a round finds nothing to do, so that
 * it does not matter how often, in which order or how late messages come (ADR-0019). On the bus it keeps its first name, `order-calls`.
 */
import { handleAgain, type Handler, lostAfterMs, sweeping, untilStoreAnswers } from "./handling.ts"
import { type Envelope, systemEnvelope } from "@dueline/contracts/Envelope"
import type { CorrelationId, EpochMillis, OrderId, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { OrderFacts, OrderNotification, OrderRow } from "@dueline/contracts/order/Order"
import { OrderTopic } from "@dueline/contracts/order/Topic"
import { CallQueries, OpsQueries } from "@dueline/contracts/ports/Queries"
import { type ChangedOrder, ChangedOrders } from "@dueline/contracts/ports/DueWork"
import { ack, consuming, dead, type Delivery, EventBus, retry, type Verdict } from "@dueline/contracts/ports/EventBus"
import { Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { type AdmittedRequest, type RawRequest, RequestIntake } from "@dueline/contracts/ports/Admission"
import type { ServiceCallCommand } from "@dueline/contracts/serviceCall/Command"
import type { ServiceCallRow } from "@dueline/contracts/serviceCall/Row"
import { defaultRetryPolicy, defaultTimeoutMs } from "@dueline/contracts/serviceCall/Spec"
import { orLogged } from "@dueline/contracts/storeTrouble"
import { CurrentTrace } from "@dueline/contracts/telemetry/Tracing"
import { Clock, Effect, Layer, Result } from "effect"

/** What an order asks for of the call of one of its notifications. */
type DesiredCall =
  /** Whether and when is not known yet. */
  | { readonly _tag: "Open" }
  | { readonly _tag: "CallAt"; readonly dueAt: EpochMillis }
  /** Never, or never again; for good. */
  | { readonly _tag: "NoCall" }

export type Step =
  | { readonly _tag: "Submit"; readonly dueAt: EpochMillis }
  /** Makes a call only to cancel it: its id is used up, so that no late message can submit it. */
  | { readonly _tag: "Reserve"; readonly dueAt: EpochMillis }
  | { readonly _tag: "Reschedule"; readonly dueAt: EpochMillis }
  | { readonly _tag: "Cancel" }

/** What of a call's row matters here. */
export type SeenCall = Pick<ServiceCallRow, "status" | "dueAt" | "attempt" | "epoch" | "cancelRequested">

/** Far enough away that a reserved call is cancelled long before it is due. */
const reservedMs = 366 * 86_400_000

/** An order that never had a window was never scheduled: it never had a call. */
export const desiredCallOf = ({ status, window }: OrderFacts, { leadMs }: OrderNotification): DesiredCall => {
  if (window === null || status === "Draft") return { _tag: "Open" }
  return status === "Scheduled" || status === "Confirmed"
    ? { _tag: "CallAt", dueAt: (window.from - leadMs) as EpochMillis }
    : { _tag: "NoCall" }
}

/**
 * The next thing to be done. Null when the call is as desired, or cannot be changed any more: what was sent stays sent, also when the order
 * moves afterwards, and what was cancelled by hand stays cancelled. `now` in epoch milliseconds.
 */
export const nextStep = (desired: DesiredCall, call: SeenCall | null, now: number): Step | null => {
  switch (desired._tag) {
    case "Open":
      return null
    case "CallAt":
      if (call === null) return { _tag: "Submit", dueAt: desired.dueAt }
      return call.dueAt !== desired.dueAt && isMovable(call, desired.dueAt, now)
        ? { _tag: "Reschedule", dueAt: desired.dueAt }
        : null
    case "NoCall":
      if (call === null) return { _tag: "Reserve", dueAt: (now + reservedMs) as EpochMillis }
      return call.status === "Scheduled" || (call.status === "Running" && !call.cancelRequested)
        ? { _tag: "Cancel" }
        : null
  }
}

/** Nothing was sent yet. One that a worker gave back waits for its next chance: only a later due time is news to it. */
const isMovable = ({ attempt, epoch, status }: SeenCall, dueAt: number, now: number): boolean =>
  status === "Scheduled" && attempt === 0 && (epoch === 0 || dueAt > now)

/** One notification of an order. `index` counts from 0. */
interface Notification {
  readonly order: OrderRow
  readonly index: number
  readonly callId: ServiceCallId
}

/** Ids only, all of them fixed for the life of the order: a target that needs more asks for the order, which is newer then. */
const requestOf = ({ index, order: { binId, kind, notifications, orderId } }: Notification): RawRequest => ({
  method: "POST",
  url: notifications[index]?.url ?? "",
  headers: { "content-type": "application/json" },
  body: JSON.stringify({ type: "service-order.notification", orderId, binId, kind, notification: index })
})

/**
 * `callVersion` is the version the step was decided on, 0 for a call that was not there: any command that came between makes this one fail.
 * Its id says all that the decision rests on, so that the same command is always the same step.
 */
const envelopeOf = (
  { callId, index, order }: Notification,
  step: Step,
  callVersion: number,
  command: ServiceCallCommand
): Envelope<ServiceCallCommand> =>
  systemEnvelope(
    "order-calls",
    order,
    `order-calls:${order.orderId}:${index}:${order.version}:${callVersion}:${step._tag}`,
    { ...command, callId },
    { expectedVersion: callVersion }
  )

const flowOf = (notification: OrderNotification | undefined) =>
  notification?.flow === undefined ? {} : { flow: notification.flow }

const submission = (
  { callId, index, order }: Notification,
  { sealed, spec }: AdmittedRequest,
  dueAt: EpochMillis,
  at: EpochMillis,
  traceparent: string | null
): ServiceCallCommand => ({
  _tag: "SubmitServiceCall",
  callId,
  at,
  dueAt,
  spec: {
    ...spec,
    timeoutMs: defaultTimeoutMs,
    retry: defaultRetryPolicy,
    tags: [`order:${order.orderId}`, `notification:${index}`],
    ...flowOf(order.notifications[index])
  },
  // The request never changes for an order, hence one name for it.
  fingerprint: `order-notification:${order.orderId}:${index}`,
  origin: { correlationId: order.correlationId as CorrelationId, traceparent },
  sealed
})

/** The id of the call that a notification is; the same for ever. */
export type CallIdOf = (tenantId: TenantId, orderId: OrderId, index: number) => ServiceCallId

/** Rounds after which an order that keeps changing is left to the next delivery. */
const roundLimit = 16

/** The result of one step: it may have changed something, or this notification cannot become a call. */
type StepResult = { readonly _tag: "Taken" } | { readonly _tag: "Impossible"; readonly reason: string }
const taken: StepResult = { _tag: "Taken" }

/**
 * Another command came first, or it is too late: then the next round looks again. `Overloaded` and `StoreUnavailable` are retried later.
 */
const resultOfRefusal = (refusal: Refusal) => {
  switch (refusal._tag) {
    case "Overloaded":
    case "StoreUnavailable":
      return Effect.fail(refusal)
    case "ServiceCallIdTaken":
    case "IdempotencyKeyReused":
      return Effect.succeed<StepResult>({ _tag: "Impossible", reason: `its call was refused: ${refusal._tag}` })
    default:
      return Effect.succeed(taken)
  }
}

export const makeHandler = Effect.fnUntraced(function* (callIdOf: CallIdOf) {
  const orchestrator = yield* Orchestrator
  const orders = yield* OpsQueries
  const calls = yield* CallQueries
  const intake = yield* RequestIntake

  const ask = (notification: Notification, step: Step, version: number, command: Parameters<typeof envelopeOf>[3]) =>
    orchestrator
      .ask(envelopeOf(notification, step, version, command))
      .pipe(Effect.as(taken), Effect.catch(resultOfRefusal))

  const take = (notification: Notification, step: Step, version: number, at: EpochMillis) => {
    const { callId, order } = notification
    switch (step._tag) {
      case "Cancel":
        return ask(notification, step, version, { _tag: "CancelServiceCall", callId, at })
      case "Reschedule":
        return ask(notification, step, version, { _tag: "RescheduleServiceCall", callId, at, dueAt: step.dueAt })
      case "Submit":
      case "Reserve": {
        const admitted = intake.admit(order.tenantId, callId, requestOf(notification))
        if (Result.isSuccess(admitted))
          return Effect.flatMap(CurrentTrace, (trace) =>
            ask(notification, step, version, submission(notification, admitted.success, step.dueAt, at, trace))
          )
        const reason = admitted.failure.map(({ code, field, message }) => `${field} ${code}: ${message}`).join(" ")
        return Effect.succeed<StepResult>({ _tag: "Impossible", reason })
      }
    }
  }

  /** Calls are read before the order: a step that comes through was decided on an order at least as new as the call (ADR-0019). */
  const round = Effect.fnUntraced(function* ({ notifications, orderId, tenantId }: OrderRow) {
    const ids = notifications.map((_, index) => callIdOf(tenantId, orderId, index))
    const rows = yield* Effect.forEach(ids, (callId) => calls.find(tenantId, callId))
    const order = yield* orders.find("order", tenantId, orderId)
    const at = (yield* Clock.currentTimeMillis) as EpochMillis
    const problems: Array<string> = []
    let steps = 0
    for (const [index, callId] of ids.entries()) {
      const notification = order?.notifications[index]
      if (order === null || notification === undefined) continue
      const call = rows[index] ?? null
      const step = nextStep(desiredCallOf(order, notification), call, at)
      if (step === null) continue
      const result = yield* take({ order, index, callId }, step, call?.version ?? 0, at)
      if (result._tag === "Taken") steps += 1
      else if (step._tag !== "Reserve") problems.push(`notification ${index}: ${result.reason}`)
    }
    return { steps, problems }
  })

  const settle = Effect.fnUntraced(function* (tenantId: TenantId, orderId: OrderId) {
    const order = yield* orders.find("order", tenantId, orderId)
    if (order === null) return dead(`there is no order ${orderId}`)
    // They are fixed for the life of the order.
    if (order.notifications.length === 0) return ack
    for (let rounds = 0; rounds < roundLimit; rounds += 1) {
      const { problems, steps } = yield* round(order)
      if (steps === 0) return problems.length === 0 ? ack : dead(problems.join("; "))
    }
    return retry("the order keeps changing")
  })

  return ({ streamId, tenantId }: Delivery): Effect.Effect<Verdict> => {
    const orderId = streamId as string as OrderId
    return untilStoreAnswers("an order's calls have to wait; they are tried again", { tenantId, orderId }, (wait) =>
      Effect.catch(settle(tenantId, orderId), ({ _tag }) => wait(_tag))
    )
  }
})

/** Orders looked at once more in one step, and, at the start, how long ago they may have changed (milliseconds). */
const pageSize = 200
const backMs = 86_400_000
const firstId = "00000000-0000-0000-0000-000000000000" as OrderId

/** Looks once at each order that has changed since the last round. */
export const makeSweep = Effect.fnUntraced(function* (handler: Handler) {
  const { changed } = yield* ChangedOrders
  let after: Pick<ChangedOrder, "updatedAt" | "orderId"> = {
    updatedAt: (yield* Clock.currentTimeMillis) - backMs,
    orderId: firstId
  }
  return Effect.gen(function* () {
    for (;;) {
      const before = (yield* Clock.currentTimeMillis) - lostAfterMs
      const page: ReadonlyArray<ChangedOrder> = yield* changed({ after, before, limit: pageSize })
      const found = page.map(({ orderId, tenantId }) => ({ id: orderId, tenantId }))
      const verdicts = yield* handleAgain(handler, "ops.service.order.scheduled", found)
      // What has to wait is looked at again with all of its page.
      if (verdicts.some(({ _tag }) => _tag === "Wait" || _tag === "Retry")) return
      after = page.at(-1) ?? after
      if (page.length < pageSize) return
    }
  }).pipe(orLogged("warning", "orders that changed could not be read; it is tried again"))
})

/** Handles messages, and finds orders whose messages are lost, until the scope closes. */
export const layer = (callIdOf: CallIdOf) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const bus = yield* EventBus
      const handler = yield* makeHandler(callIdOf)
      yield* consuming(bus, { group: "order-calls", topics: OrderTopic.literals }, handler)
      yield* sweeping(yield* makeSweep(handler))
    })
  )
