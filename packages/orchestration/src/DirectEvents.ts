/**
 * * Couriers' events that are carried out as soon as they are durable, with no way through outbox and bus: in rounds of many, so that each of their
 * steps is one commit. Each has a place from before its commit until it has ended; an event for which there is none goes by the bus. What is lost
 * with the process is found in the store. A courier's event that is carried out in the commit that takes it in: the commands of that, under the ids
 * of the steps it takes otherwise.
 */
import type { AskEventInOne, Reserve } from "@dueline/contracts/CommitCompanions"
import { type Envelope, systemEnvelope } from "@dueline/contracts/Envelope"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import { ShortLivedMap } from "@dueline/contracts/ShortLived"
import { Places, TenantLines } from "@dueline/contracts/TenantShares"
import { backoff, defaultBackoff } from "@dueline/contracts/backoff"
import type { CourierSourceId } from "@dueline/contracts/courierSource/CourierSource"
import type { IngestionChanged, IngestionId, IngestionRow } from "@dueline/contracts/ingestion/Ingestion"
import type { Command } from "@dueline/contracts/kinds"
import type { BusMessage, Delivery } from "@dueline/contracts/ports/EventBus"
import type { ShipmentId } from "@dueline/contracts/shipment/Shipment"
import { isSampled, takeTrace } from "@dueline/contracts/telemetry/Tracing"
import { Effect, FiberSet } from "effect"
import type { Handler } from "./handling.ts"

/** Of all tenants; one event is some 2 KiB of memory. */
const defaultPlaces = 8_192
/** Events of one round. */
const defaultAtOnce = 256

const topic = "ops.ingestion.received"

/** The row that its commit made; null for what no courier sent, and for what has a trace, whose spans belong to bus and outbox. */
const rowOf = (message: BusMessage): IngestionRow | null => {
  if (message.topic !== topic) return null
  const { payload, traceparent } = takeTrace(message.payload)
  if (traceparent !== null) return null
  const { correlationId, ingestion, ingestionId, tenantId, version } = payload as IngestionChanged
  if (ingestion.courierSourceId === null || ingestion.event === null) return null
  return { _tag: "IngestionRow", tenantId, ingestionId, version, ...ingestion, correlationId }
}

/** Which events are in hand, each with its place: of one tenant as many as there is room left. */
export class EventPlaces {
  readonly #places: Places
  readonly #held = new ShortLivedMap<string, () => void>()

  constructor(limit: number = defaultPlaces) {
    this.#places = new Places(limit)
  }

  has(id: string): boolean {
    return this.#held.has(id)
  }

  enter(tenantId: TenantId, id: string): boolean {
    const leave = this.#held.has(id) ? null : this.#places.enter(tenantId)
    if (leave !== null) this.#held.set(id, leave)
    return leave !== null
  }

  leave(id: string): void {
    this.#held.get(id)?.()
    this.#held.delete(id)
  }
}

const deliveryOf = ({ ingestionId, tenantId }: IngestionRow): Delivery => ({
  eventId: ingestionId,
  tenantId,
  streamId: ingestionId as string as StreamId,
  topic,
  payload: null,
  attempt: 1
})

/**
 * `carryOut`: takes one as far as it can be taken now; false when it has to wait. `handler`: of its messages, by which one that has to wait is tried
 * again after growing pauses. Rounds end with the scope.
 */
export const makeDirectEvents = Effect.fnUntraced(function* (
  carryOut: (row: IngestionRow) => Effect.Effect<boolean>,
  handler: Handler,
  places: EventPlaces,
  atOnce: number = defaultAtOnce
) {
  const lines = new TenantLines<IngestionRow>(Number.POSITIVE_INFINITY)
  const run = yield* FiberSet.makeRuntime<never>()
  let working = false

  const again = Effect.fnUntraced(function* (row: IngestionRow) {
    for (let failures = 1; ; failures += 1) {
      yield* Effect.sleep(yield* backoff(defaultBackoff, failures))
      const { _tag } = yield* handler(deliveryOf(row))
      if (_tag === "Ack" || _tag === "Dead") return
    }
  })

  const one = (row: IngestionRow): Effect.Effect<void> => {
    const { correlationId, ingestionId, tenantId } = row
    const leave = Effect.sync(() => places.leave(ingestionId))
    const guarded = (doing: Effect.Effect<void>) =>
      Effect.catchCause(doing, (cause) =>
        Effect.logError("an event cannot be carried out; it is looked for later", cause)
      ).pipe(Effect.annotateLogs({ tenantId, correlationId, ingestionId }))
    return Effect.flatMap(Effect.exit(carryOut(row)), (exit) => {
      if (exit._tag === "Success" && exit.value) return leave
      if (exit._tag === "Failure") return Effect.andThen(guarded(exit), leave)
      // Those of its round do not wait for it.
      return Effect.sync(() => void run(Effect.ensuring(guarded(again(row)), leave)))
    })
  }

  const next = (): ReadonlyArray<IngestionRow> => {
    const rows: Array<IngestionRow> = []
    while (rows.length < atOnce) {
      const row = lines.shift()
      if (row === undefined) break
      rows.push(row)
    }
    return rows
  }

  const work = Effect.gen(function* () {
    // One turn of the event loop: the commit has more of them, and their senders are answered first.
    yield* Effect.yieldNow
    for (let rows = next(); rows.length > 0; rows = next())
      yield* Effect.forEach(rows, one, { concurrency: "unbounded", discard: true })
    working = false
  })

  const take = (row: IngestionRow): void => {
    lines.push(row.tenantId, row)
    if (working) return
    working = true
    run(work)
  }

  const reserve: Reserve = (message) => {
    const row = rowOf(message)
    if (row === null || !places.enter(row.tenantId, row.ingestionId)) return null
    return { take: () => take(row), release: () => places.leave(row.ingestionId) }
  }
  return reserve
})

/** The shipment that a source calls so; the same for ever. */
export type ShipmentIdOf = (tenantId: TenantId, source: CourierSourceId, trackingReference: string) => ShipmentId

interface About {
  readonly tenantId: TenantId
  readonly ingestionId: IngestionId
  readonly correlationId: string
}

export const stepOf = <C extends Command>(about: About, step: string, command: C): Envelope<C> =>
  systemEnvelope("field-events", about, `field-events:${about.ingestionId}:${step}`, command)

/**
 * Only of an event that is about its shipment alone, and for as long as that is for no order. One whose trace is to be seen goes step by step: the
 * spans belong to bus and outbox.
 */
export const inOneCommit =
  (shipmentIdOf: ShipmentIdOf): AskEventInOne =>
  ({ command, correlationId, tenantId, traceparent }) => {
    if (command._tag !== "ReceiveIngestion" || command.event.orderId !== null || isSampled(traceparent)) return null
    const { at, courierSourceId, event, ingestionId } = command
    const about = { tenantId, ingestionId, correlationId }
    const shipmentId = shipmentIdOf(tenantId, courierSourceId, event.trackingReference)
    const origin = { correlationId, traceparent: null }
    return {
      recording: stepOf(about, "shipment", {
        ...{ _tag: "RecordShipmentEvent", shipmentId, at, courierSourceId, event, origin }
      }),
      isAll: ({ orderId }) => orderId === null,
      completion: stepOf(about, "complete", { _tag: "CompleteIngestion", ingestionId, at })
    }
  }
