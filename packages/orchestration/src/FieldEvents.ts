/**
 * Events that came in are carried out: a process manager that receives every ingestion, records its event with the shipment, completes the order
 * that it tells the end of, and ends the ingestion. What can be done of that in the commit that takes the event in does not come here.
 *
 * Every step can be done again: an ingestion that has ended is left alone, the shipment takes an event once, an order is completed once, and
 * each command's id follows from the ingestion. So it does not matter how often a message comes, or between which steps a process dies.
 */
import { EventPlaces, inOneCommit, makeDirectEvents, type ShipmentIdOf, stepOf } from "./DirectEvents.ts"
import { handleAgain, type Handler, handlerTimeout, lostAfterMs, sweeping, untilStoreAnswers } from "./handling.ts"
import { DirectMessages, EventCommits } from "@dueline/contracts/CommitCompanions"
import type { CorrelationId, EpochMillis, TenantId } from "@dueline/contracts/Ids"
import {
  type EventFacts,
  failuresNow,
  type IngestionId,
  type IngestionRow,
  maxAttemptsKept
} from "@dueline/contracts/ingestion/Ingestion"
import type { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { Command, OutcomeOf, RejectionOf } from "@dueline/contracts/kinds"
import type { OrderRow } from "@dueline/contracts/order/Order"
import { DueIngestions } from "@dueline/contracts/ports/DueWork"
import {
  ack,
  consuming,
  dead,
  type Delivery,
  EventBus,
  retry as again,
  type Verdict
} from "@dueline/contracts/ports/EventBus"
import { OpsQueries } from "@dueline/contracts/ports/Queries"
import { type Answer, isTransient, Orchestrator, type Refusal } from "@dueline/contracts/ports/Orchestrator"
import { Recent } from "@dueline/contracts/Recent"
import { orLogged } from "@dueline/contracts/storeTrouble"
import type { ShipmentFacts } from "@dueline/contracts/shipment/Shipment"
import { CurrentTrace } from "@dueline/contracts/telemetry/Tracing"
import { Clock, Effect, Layer, Option } from "effect"

/** Why an event cannot be carried out, now (`retry`) or ever. */
type Failure = { readonly _tag: "Failure"; readonly retry: boolean; readonly reason: string }
const failure = (retry: boolean, reason: string): Failure => ({ _tag: "Failure", retry, reason })

/** A store that is away and a writer with too much to do are to blame for themselves; whatever else is refused stays refused. */
const failureOf = (what: string, refusal: { readonly _tag: string }): Failure =>
  failure(isTransient(refusal), `${what}: ${refusal._tag}`)

/** What tells that an order has been carried out: what was to be taken is gone, or what was to be brought is there. */
const tells = (kind: OrderRow["kind"]) =>
  kind === "delivery"
    ? ({ type: "shipment.delivered", milestone: "delivered" } as const)
    : ({ type: "pickup.completed", milestone: "pickup" } as const)

/**
 * Whether the order is to be completed because of this event: it tells so itself, or it names the order and what tells so came before it.
 * Events come in any order, so the last one of both has to do it.
 */
const completes = (event: EventFacts, { milestones }: ShipmentFacts, { kind }: OrderRow): boolean => {
  const { milestone, type } = tells(kind)
  return event.type === type || (event.orderId !== null && milestones[milestone] !== null)
}

interface OfCourier {
  readonly courierSourceId: CourierSourceId
  readonly event: EventFacts
}

/** Null for what no courier sent: payloads for orders have the same topic, and a process manager of their own. */
const ofCourier = ({ courierSourceId, event }: IngestionRow): OfCourier | null =>
  courierSourceId === null || event === null ? null : { courierSourceId, event }

/**
 * The bus brings one message of a tenant at a time, and each takes a few round trips to the disk. So whoever finds that its event has waited
 * settles with it those that came in soon after it: a join cares for no order. Their own messages find that without asking.
 */
const behindMs = 100
const togetherMs = 250
const mostTogether = 256
const endsRemembered = 20_000
const lastId = "ffffffff-ffff-ffff-ffff-ffffffffffff"

/** `inHand`: what this process has taken over with its commit, which nobody settles with others. */
export const makeHandler = Effect.fnUntraced(function* (
  shipmentIdOf: ShipmentIdOf,
  inHand: EventPlaces = new EventPlaces()
) {
  const orchestrator = yield* Orchestrator
  const queries = yield* OpsQueries
  /** Ended by this process. */
  const ended = new Recent<IngestionId, true>(endsRemembered)

  const ask = <C extends Command>(
    row: IngestionRow,
    step: string,
    command: C
  ): Effect.Effect<Answer<OutcomeOf<C>>, Refusal<RejectionOf<C>>> => orchestrator.ask(stepOf(row, step, command))

  const now = Effect.map(Clock.currentTimeMillis, (millis) => millis as EpochMillis)

  const completeOrder = Effect.fnUntraced(function* (
    row: IngestionRow,
    event: EventFacts,
    shipment: ShipmentFacts,
    orderId: OrderRow["orderId"]
  ) {
    const order = yield* Effect.mapError(queries.find("order", row.tenantId, orderId), (error) =>
      failureOf("order", error)
    )
    if (order === null) return yield* Effect.fail(failure(false, `there is no order ${orderId}`))
    if (!completes(event, shipment, order) || order.status === "Completed") return
    if (order.status !== "Scheduled" && order.status !== "Confirmed")
      return yield* Effect.fail(failure(false, `the order is ${order.status}`))
    yield* Effect.mapError(ask(row, "order", { _tag: "CompleteOrder", orderId, at: yield* now }), (refusal) =>
      failureOf("order", refusal)
    )
  })

  const carryOut = Effect.fnUntraced(function* (
    row: IngestionRow,
    courierSourceId: CourierSourceId,
    event: EventFacts
  ) {
    const { correlationId, tenantId } = row
    const shipmentId = shipmentIdOf(tenantId, courierSourceId, event.trackingReference)
    const origin = { correlationId: correlationId as CorrelationId, traceparent: yield* CurrentTrace }
    const { outcome } = yield* Effect.mapError(
      ask(row, "shipment", {
        _tag: "RecordShipmentEvent",
        shipmentId,
        at: yield* now,
        courierSourceId,
        event,
        origin
      }),
      (refusal) => failureOf("shipment", refusal)
    )
    const orderId = event.orderId ?? outcome.shipment.orderId
    if (orderId !== null) yield* completeOrder(row, event, outcome.shipment, orderId)
  })

  /** Kept where it can be: a store that is away takes no note of it either. */
  const noteRetry = Effect.fnUntraced(function* (row: IngestionRow, reason: string) {
    if (failuresNow(row) >= maxAttemptsKept) return
    const { ingestionId } = row
    yield* Effect.ignore(
      ask(row, `retry:${row.failures}`, { _tag: "RetryIngestion", ingestionId, at: yield* now, reason })
    )
  })

  /** Carries it out, and ends it; a failure that may pass is left to whoever asked. */
  const settleEvent = Effect.fnUntraced(function* (row: IngestionRow, { courierSourceId, event }: OfCourier) {
    const { ingestionId } = row
    const done = yield* Effect.result(carryOut(row, courierSourceId, event))
    if (done._tag === "Failure" && done.failure.retry) return yield* Effect.fail(done.failure)
    const at = yield* now
    yield* Effect.mapError(
      done._tag === "Failure"
        ? ask(row, `fail:${row.replayed?.replay ?? 0}`, {
            _tag: "FailIngestion",
            ingestionId,
            at,
            reason: done.failure.reason
          })
        : ask(row, "complete", { _tag: "CompleteIngestion", ingestionId, at }),
      (refusal) => failureOf("end", refusal)
    )
    ended.set(ingestionId, true)
  })

  /** As far as it can be taken now; false when it has to wait. What is refused for good was ended by another meanwhile. */
  const carriedOut = (row: IngestionRow): Effect.Effect<boolean> => {
    const told = ofCourier(row)
    if (told === null) return Effect.succeed(true)
    const settled = Effect.timeoutOrElse(settleEvent(row, told), {
      duration: handlerTimeout,
      orElse: () => Effect.fail(failure(true, `no answer within ${handlerTimeout}`))
    })
    return Effect.catch(Effect.as(settled, true), ({ reason, retry }) =>
      retry ? Effect.as(noteRetry(row, reason), false) : Effect.succeed(true)
    )
  }

  /** Those that came in right after this one and wait for their messages. */
  const waitingWith = ({ createdAt, ingestionId, tenantId }: IngestionRow) =>
    queries
      .list("ingestion", {
        tenantId,
        filter: { _tag: "Equals", field: "status", value: "Received" },
        after: { createdAt: createdAt + togetherMs, id: lastId },
        limit: mostTogether
      })
      .pipe(
        Effect.map(({ rows }) =>
          rows.filter(
            (other) =>
              other.createdAt >= createdAt && other.ingestionId !== ingestionId && !inHand.has(other.ingestionId)
          )
        ),
        Effect.orElseSucceed((): ReadonlyArray<IngestionRow> => [])
      )

  /** What is not done here is done by its own message; what is, that finds done. */
  const settleOthers = Effect.fnUntraced(function* (row: IngestionRow) {
    if ((yield* now) - row.createdAt < behindMs) return
    const others = yield* waitingWith(row)
    yield* Effect.forEach(
      others,
      (other) => {
        const told = ofCourier(other)
        return told === null ? Effect.void : Effect.ignore(settleEvent(other, told))
      },
      { concurrency: "unbounded", discard: true }
    )
  })

  const settle = Effect.fnUntraced(function* (tenantId: TenantId, ingestionId: IngestionId) {
    const row = yield* Effect.mapError(queries.find("ingestion", tenantId, ingestionId), (error) =>
      failureOf("ingestion", error)
    )
    if (row === null) return dead(`there is no ingestion ${ingestionId}`)
    const told = ofCourier(row)
    if (row.endedAt !== null || told === null) return ack
    const noting = Effect.tapError(settleEvent(row, told), ({ reason, retry }) =>
      retry ? noteRetry(row, reason) : Effect.void
    )
    yield* Effect.all([noting, settleOthers(row)], { concurrency: "unbounded", discard: true })
    return ack
  })

  const handler = ({ streamId, tenantId, topic }: Delivery): Effect.Effect<Verdict> => {
    const ingestionId = streamId as string as IngestionId
    // One that is replayed goes on after its end.
    if (topic === "ops.ingestion.received" && ended.has(ingestionId)) return Effect.succeed(ack)
    return untilStoreAnswers("an event has to wait; it is tried again", { tenantId, ingestionId }, (wait) =>
      // What is refused for good was ended by another delivery meanwhile: the next look finds that.
      Effect.catch(settle(tenantId, ingestionId), ({ reason, retry }) =>
        retry ? wait(reason) : Effect.succeed(again(reason))
      )
    )
  }
  return { handler, carriedOut }
})

/** Events carried out once more in one go. */
const foundAtOnce = 500

/** Goes over what has not ended for `longerThanMs` and is not in hand here, until there is none or nothing comes of it any more. */
export const makeSweep = Effect.fnUntraced(function* (
  handler: Handler,
  inHand: EventPlaces = new EventPlaces(),
  longerThanMs: number = lostAfterMs
) {
  const { unended } = yield* DueIngestions
  return Effect.gen(function* () {
    const before = (yield* Clock.currentTimeMillis) - longerThanMs
    for (let left = true; left; ) {
      const page = yield* unended({ before, limit: foundAtOnce })
      const found = page.flatMap(({ ingestionId, tenantId }) =>
        inHand.has(ingestionId) ? [] : [{ id: ingestionId, tenantId }]
      )
      const verdicts = yield* handleAgain(handler, "ops.ingestion.received", found)
      left = page.length === foundAtOnce && verdicts.some(({ _tag }) => _tag === "Ack")
    }
  }).pipe(orLogged("warning", "events that have not ended could not be read; it is tried again"))
})

/** Handles messages, and finds events whose messages are lost, until the scope closes. */
export const layer = (shipmentIdOf: ShipmentIdOf) =>
  Layer.effectDiscard(
    Effect.gen(function* () {
      const bus = yield* EventBus
      const direct = yield* DirectMessages
      const inHand = new EventPlaces()
      const { carriedOut, handler } = yield* makeHandler(shipmentIdOf, inHand)
      const reserve = yield* makeDirectEvents(carriedOut, handler, inHand)
      // Only of a bus whose consumers are all in this process.
      if (bus.isHeard !== undefined) {
        // What the process before had taken over. There is no other than this one.
        yield* Effect.forkScoped(yield* makeSweep(handler, inHand, 0))
        yield* direct.by(reserve)
        const commits = yield* Effect.serviceOption(EventCommits)
        if (Option.isSome(commits)) yield* commits.value.by(inOneCommit(shipmentIdOf))
      }
      // Apart: on a durable bus other topics are another consumer, which begins with the oldest event that is kept.
      yield* consuming(bus, { group: "field-events", topics: ["ops.ingestion.received"] }, (delivery) =>
        inHand.has(delivery.streamId) ? Effect.succeed(ack) : handler(delivery)
      )
      yield* consuming(bus, { group: "field-events", topics: ["ops.ingestion.replayed"] }, handler)
      yield* sweeping(yield* makeSweep(handler, inHand))
    })
  )
