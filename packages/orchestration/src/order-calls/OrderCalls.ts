/**
 * Orders drive calls: a consumer that hears of every change of an order and makes its notifications' calls what the order wants them to be.
 *
 * A message is only a hint. What counts is the order as it is now, and the consumer goes round until a round finds nothing to do, so that
 * it does not matter how often, in which order or how late messages come (ADR-0019).
 */
import type { EpochMillis, OrderId, ServiceCallId, TenantId } from "@dueline/contracts/Ids"
import type { OrderRow } from "@dueline/contracts/order/Row"
import { OrderTopic } from "@dueline/contracts/order/Topic"
import { CallQueries } from "@dueline/contracts/ports/CallQueries"
import { ack, type Delivery, EventBus, type Verdict } from "@dueline/contracts/ports/EventBus"
import { OpsQueries } from "@dueline/contracts/ports/OpsQueries"
import { Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { RequestIntake } from "@dueline/contracts/ports/RequestIntake"
import { Clock, Effect, Layer, Result } from "effect"
import { nextStep, type Step, wishOf } from "./nextStep.ts"
import { envelopeOf, type Place, requestOf, submission } from "./notificationCall.ts"

/** The id of the call that a notification is; the same for ever. */
export type CallIdOf = (tenantId: TenantId, orderId: OrderId, index: number) => ServiceCallId

/** A store that says nothing is as good as away. Shorter than the time a handler has, whose end would be counted against the message. */
const patience = "40 seconds"

/** Rounds after which an order that keeps changing is left to the next delivery. */
const roundLimit = 16

const dead = (reason: string): Verdict => ({ _tag: "Dead", reason })
const retry = (reason: string): Verdict => ({ _tag: "Retry", reason })

/** What one step came to: it may have changed something, or this notification cannot become a call. */
type Came = { readonly _tag: "Taken" } | { readonly _tag: "Impossible"; readonly reason: string }
const taken: Came = { _tag: "Taken" }

/** Another was quicker, or it is too late: answers, and the next round looks again. The rest is weather, or should not be. */
const heard = (refusal: Refusal) => {
  switch (refusal._tag) {
    case "Overloaded":
    case "StoreUnavailable":
      return Effect.fail(refusal)
    case "ServiceCallIdTaken":
    case "IdempotencyKeyReused":
      return Effect.succeed<Came>({ _tag: "Impossible", reason: `its call was refused: ${refusal._tag}` })
    default:
      return Effect.succeed(taken)
  }
}

export const makeHandler = Effect.fnUntraced(function* (callIdOf: CallIdOf) {
  const orchestrator = yield* Orchestrator
  const orders = yield* OpsQueries
  const calls = yield* CallQueries
  const intake = yield* RequestIntake

  const ask = (place: Place, step: Step, version: number, command: Parameters<typeof envelopeOf>[3]) =>
    orchestrator.ask(envelopeOf(place, step, version, command)).pipe(Effect.as(taken), Effect.catch(heard))

  const take = (place: Place, step: Step, version: number, at: EpochMillis) => {
    const { callId, order } = place
    switch (step._tag) {
      case "Cancel":
        return ask(place, step, version, { _tag: "CancelServiceCall", callId, at })
      case "Reschedule":
        return ask(place, step, version, { _tag: "RescheduleServiceCall", callId, at, dueAt: step.dueAt })
      case "Submit":
      case "Reserve": {
        const admitted = intake.admit(order.tenantId, callId, requestOf(place))
        if (Result.isSuccess(admitted))
          return ask(place, step, version, submission(place, admitted.success, step.dueAt, at))
        const reason = admitted.failure.map(({ code, field, message }) => `${field} ${code}: ${message}`).join(" ")
        return Effect.succeed<Came>({ _tag: "Impossible", reason })
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
      const step = nextStep(wishOf(order, notification), call, at)
      if (step === null) continue
      const came = yield* take({ order, index, callId }, step, call?.version ?? 0, at)
      if (came._tag === "Taken") steps += 1
      else if (step._tag !== "Reserve") problems.push(`notification ${index}: ${came.reason}`)
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
    /** No message is to blame for a store that is away, or for a writer with too much to do. */
    const wait = (reason: string) =>
      Effect.as(
        Effect.logWarning("an order's calls have to wait; they are tried again", { tenantId, orderId, reason }),
        { _tag: "Wait", reason } satisfies Verdict
      )
    return settle(tenantId, orderId).pipe(
      Effect.catch(({ _tag }) => wait(_tag)),
      Effect.timeoutOrElse({ duration: patience, orElse: () => wait(`no answer within ${patience}`) })
    )
  }
})

/** Hears messages until the scope closes. */
export const layer = (callIdOf: CallIdOf) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const bus = yield* EventBus
      yield* bus.consume({ group: "order-calls", topics: OrderTopic.literals }, yield* makeHandler(callIdOf))
    })
  )
