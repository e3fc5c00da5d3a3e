/** Looks at ingestions and shipments after every write: what was taken in is carried out once, and a shipment is where its events put it. */
import type { RecordedEvent } from "@dueline/contracts/Envelope"
import type { StreamId, TenantId } from "@dueline/contracts/Ids"
import {
  type EventFacts,
  type IngestionCommand,
  IngestionEvent,
  type IngestionId
} from "@dueline/contracts/ingestion/Ingestion"
import type { Commit } from "@dueline/contracts/ports/Persistence"
import { ShipmentEvent, type ShipmentId } from "@dueline/contracts/shipment/Shipment"
import type { MemoryStore } from "@dueline/port-contracts/memory/MemoryStore"
import { Effect, Schema } from "effect"
import type { Asked } from "./AnswerCheck.ts"
import { expectedShipment } from "./ShipmentModel.ts"
import { type CheckedStream, keyOf, sliceOf } from "./Streams.ts"
import type { World } from "../world/World.ts"

type Received = Extract<IngestionCommand, { readonly _tag: "ReceiveIngestion" }>

const ingestionEvent = Schema.decodeUnknownSync(IngestionEvent)
const shipmentEvent = Schema.decodeUnknownSync(ShipmentEvent)

interface CheckedIngestion extends CheckedStream {
  readonly event: EventFacts
  status: "Received" | "Processing" | "Completed" | "Failed"
  failures: number
}

interface CheckedShipment extends CheckedStream {
  readonly told: Array<EventFacts>
}

const statusAfter = {
  IngestionRetried: "Processing",
  IngestionCompleted: "Completed",
  IngestionFailed: "Failed"
} as const

export const isCouriers = (category: string): boolean => category === "ingestion" || category === "shipment"

export class CourierCheck {
  readonly ingestions = new Map<string, CheckedIngestion>()
  readonly shipments = new Map<string, CheckedShipment>()
  readonly #world: World
  readonly #store: MemoryStore["Service"]
  /** What couriers have sent, by tenant and id of the ingestion. */
  readonly #sent = new Map<string, Received>()
  /** Since it was judged last. */
  readonly #completed: Array<CheckedIngestion> = []

  constructor(world: World, store: MemoryStore["Service"]) {
    this.#world = world
    this.#store = store
  }

  get streams(): number {
    return this.ingestions.size + this.shipments.size
  }

  find(tenantId: string, streamId: string): CheckedStream | undefined {
    return this.ingestions.get(keyOf(tenantId, streamId)) ?? this.shipments.get(keyOf(tenantId, streamId))
  }

  sent(tenantId: TenantId, id: IngestionId, command: Received): void {
    if (!this.#sent.has(keyOf(tenantId, id))) this.#sent.set(keyOf(tenantId, id), command)
  }

  /** A courier was told that its event was taken in. */
  accepted({ command, tenantId }: Asked): void {
    const id = (command as Received).ingestionId
    if (!this.ingestions.has(keyOf(tenantId, id)))
      this.#world.violate("what was answered is durable", `the event of ingestion ${id} was accepted and is not there`)
  }

  look({ category, outbox, streamId, tenantId }: Commit): CheckedStream {
    const slice = sliceOf(this.#store, { tenantId, streamId })
    const known = this.find(tenantId, streamId)?.version ?? 0
    const fresh = slice?.events.slice(known) ?? []
    for (const { type, version } of fresh) this.#world.note("log", `${streamId.slice(0, 8)} ${version} ${type}`)
    return category === "ingestion"
      ? this.#ingestion(tenantId, streamId, fresh, slice?.sealed ?? null, outbox)
      : this.#shipment(tenantId, streamId, fresh)
  }

  #wrong(id: string, what: string): void {
    this.#world.violate("the log obeys the rules", `${id}: ${what}`)
  }

  #ingestion(
    tenantId: TenantId,
    streamId: StreamId,
    fresh: ReadonlyArray<RecordedEvent>,
    sealed: string | null,
    outbox: Commit["outbox"]
  ): CheckedStream {
    const key = keyOf(tenantId, streamId)
    const command = this.#sent.get(key)
    if (command === undefined) {
      this.#world.violate("no effect without a submission", `nobody sent the event of ingestion ${streamId}`)
      return { tenantId, streamId, version: 0, endings: [] }
    }
    const begun = {
      tenantId,
      streamId,
      version: 0,
      endings: [],
      event: command.event,
      status: "Received" as const,
      failures: 0
    }
    const one: CheckedIngestion = this.ingestions.get(key) ?? begun
    this.ingestions.set(key, one)
    for (const recorded of fresh) {
      const { _tag } = ingestionEvent(recorded.payload)
      const first = _tag === "IngestionReceived"
      if (first !== (recorded.version === 1)) this.#wrong(streamId, `${_tag} is event ${recorded.version}`)
      if (one.status === "Completed" || one.status === "Failed")
        this.#wrong(streamId, `${_tag} after it was ${one.status}`)
      if (_tag in statusAfter) one.status = statusAfter[_tag as keyof typeof statusAfter]
      if (_tag === "IngestionRetried" || _tag === "IngestionFailed") one.failures += 1
      // Of what was taken over, or is carried out in this commit, nobody is told, so that a row of it would be one too many.
      const isTaken = first && outbox.some(({ eventId, unheard }) => eventId === recorded.eventId && unheard === true)
      if (_tag !== "IngestionRetried" && !isTaken) one.endings.push(recorded.eventId)
      if (_tag === "IngestionCompleted") this.#completed.push(one)
      one.version = recorded.version
    }
    const row = Effect.runSync(
      Effect.orDie(this.#store.opsQueries.find("ingestion", tenantId, streamId as string as IngestionId))
    )
    const ended = one.status === "Completed" || one.status === "Failed"
    if (row?.status !== one.status || row.failures !== one.failures || (row.endedAt !== null) !== ended)
      this.#world.violate(
        "the row equals the fold of the log",
        `ingestion ${streamId} is ${one.status}, its row ${row?.status}`
      )
    if (sealed !== `sealed ${streamId}`)
      this.#world.violate("what came in is kept", `ingestion ${streamId} has ${sealed}`)
    return one
  }

  /** When all of a commit was looked at: the end of an ingestion may stand before what it is the end of. */
  judge(): void {
    for (const one of this.#completed.splice(0)) this.#carriedOut(one)
  }

  /** Told of its end only when its shipment has its event, or had a later one that says all that it says. */
  #carriedOut({ event, streamId, tenantId }: CheckedIngestion): void {
    const shipment = [...this.shipments.values()].find(
      ({ tenantId: owner, told }) => owner === tenantId && told[0]?.trackingReference === event.trackingReference
    )
    const before = JSON.stringify(expectedShipment(shipment?.told ?? []))
    if (before !== JSON.stringify(expectedShipment([...(shipment?.told ?? []), event])))
      this.#world.violate("a completed event was carried out", `${streamId}: ${event.eventId} left no trace`)
  }

  #shipment(tenantId: TenantId, streamId: StreamId, fresh: ReadonlyArray<RecordedEvent>): CheckedStream {
    const key = keyOf(tenantId, streamId)
    const one = this.shipments.get(key) ?? { tenantId, streamId, version: 0, endings: [], told: [] }
    this.shipments.set(key, one)
    for (const recorded of fresh) {
      const { event } = shipmentEvent(recorded.payload)
      const known = [...this.ingestions.values()].some(
        (other) => other.tenantId === tenantId && other.event.eventId === event.eventId
      )
      if (!known) this.#world.violate("no effect without a submission", `${event.eventId} moved shipment ${streamId}`)
      if (one.told.some(({ eventId }) => eventId === event.eventId))
        this.#world.violate("what is asked once happens once", `${event.eventId} is twice in shipment ${streamId}`)
      one.told.push(event)
      one.endings.push(recorded.eventId)
      one.version = recorded.version
    }
    const row = Effect.runSync(
      Effect.orDie(this.#store.opsQueries.find("shipment", tenantId, streamId as string as ShipmentId))
    )
    const shown = row === null ? null : { status: row.status, statusAt: row.statusAt, orderId: row.orderId }
    const expected = expectedShipment(one.told)
    if (JSON.stringify(shown) !== JSON.stringify(expected))
      this.#world.violate(
        "a shipment is where its events put it",
        `${streamId}: ${JSON.stringify(shown)}, expected ${JSON.stringify(expected)}`
      )
    return one
  }

  /** Events that have not ended, in words. */
  unfinished(): ReadonlyArray<string> {
    return [...this.ingestions.values()]
      .filter(({ status }) => status === "Received" || status === "Processing")
      .map(({ event, status }) => `${event.eventId} is ${status}`)
  }

  /** When all have ended: each as it had to, and each shipment where all events that were taken in put it. */
  finish(): void {
    for (const { event, status, streamId } of this.ingestions.values()) {
      const expected = event.orderId === null ? "Completed" : "Failed"
      if (status !== expected)
        this.#world.violate("every event ends as it has to", `${streamId} is ${status} and not ${expected}`)
    }
    const taken = Map.groupBy(this.ingestions.values(), ({ event, tenantId }) =>
      keyOf(tenantId, event.trackingReference)
    )
    for (const { told, tenantId } of this.shipments.values()) {
      const all = taken.get(keyOf(tenantId, told[0]?.trackingReference ?? ""))?.map(({ event }) => event) ?? []
      const [is, expected] = [expectedShipment(told), expectedShipment(all)].map((each) => JSON.stringify(each))
      if (is !== expected)
        this.#world.violate(
          "a shipment is where its events put it",
          `${told[0]?.trackingReference}: ${is}, not ${expected}`
        )
    }
  }
}
